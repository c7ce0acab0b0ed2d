/* What the two files of the search for tokens share. */
#ifndef EGRESS_PROXY_TOKENS_H
#define EGRESS_PROXY_TOKENS_H

#include <string.h>

#include "scan.h"

#define REACH 80   /* within which something is glued to a token */
#define WORDS 2048 /* slots; a power of two */

/* Of a byte. */
enum { DIGIT = 1, LOWER = 2, UPPER = 4, SIGN = 8, SPACE = 16, ALNUM = DIGIT | LOWER | UPPER, RUN = ALNUM | SIGN };

/* What the words around a token say of it. */
typedef enum { NONE, INNOCENT, KEY, SECRET, UNKNOWN } Cue;

typedef struct {
    uint64_t letters[2]; /* lower case, zeros behind; all zeros: empty */
    uint64_t flags;
} Word;

struct TokenPlan {
    uint8_t kinds[256];
    uint8_t pairs[128][128]; /* 20 times the weight of a pair; NO_PAIR: not of letters and digits */
    Word words[WORDS];
    uint16_t first[257];  /* by the first byte of a known start: where in `starts` such ones begin, and the next's do */
    uint8_t starts[1022]; /* each with its length before it */
};

typedef struct {
    const TokenPlan *plan;
    const uint8_t *text;
    size_t length;
} Source;

static inline int one_of(uint8_t byte, const char *signs)
{
    return byte && strchr(signs, byte) != NULL;
}

static inline int is_space(const TokenPlan *plan, uint8_t byte) { return byte == '\n' || plan->kinds[byte] & SPACE; }

static inline int is_word(const TokenPlan *plan, uint8_t byte) { return (plan->kinds[byte] & ALNUM) || byte == '_'; }

/* tokens_cue.c: what stands around a token says of it, and what the last of at most REACH characters that means anything
 * does. */
Cue token_cue(const Source *source, size_t start, size_t end);
Cue named_by(const TokenPlan *plan, const uint8_t *from, const uint8_t *end);

#endif
