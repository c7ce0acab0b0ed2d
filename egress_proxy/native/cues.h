/* What the two files of the search for cues share. */
#ifndef EGRESS_PROXY_CUES_H
#define EGRESS_PROXY_CUES_H

#include "kernel.h"

enum { RUN = 1, QUOTE = 2, CLOSES = 4, BLANK = 8, ODD = 16, GOES_ON = 32, JOINS = 64 };

static const uint8_t KINDS[256] = {
    ['0' ... '9'] = RUN | ODD,
    ['A' ... 'Z'] = RUN,
    ['a' ... 'z'] = RUN,
    ['_'] = RUN,
    ['-'] = RUN,
    ['"'] = QUOTE | CLOSES,
    ['\''] = QUOTE | CLOSES | GOES_ON,
    ['`'] = QUOTE | CLOSES,
    [']'] = CLOSES,
    [')'] = CLOSES | GOES_ON,
    ['\\'] = CLOSES,
    ['*'] = CLOSES | ODD,
    ['?'] = CLOSES | ODD,
    [' '] = BLANK | GOES_ON,
    ['\t'] = BLANK | GOES_ON,
    ['\v' ... '\r'] = BLANK,
    ['!'] = ODD,
    ['#' ... '%'] = ODD,
    ['&'] = ODD | JOINS,
    ['@'] = ODD,
    ['^'] = ODD,
    ['+'] = ODD | JOINS,
    ['~'] = ODD | GOES_ON,
    ['='] = GOES_ON,
    ['>'] = GOES_ON,
    ['|'] = JOINS,
    [':'] = GOES_ON | JOINS,
    ['/'] = GOES_ON | JOINS,
    ['('] = GOES_ON | JOINS,
    [','] = GOES_ON | JOINS,
};

static inline uint8_t kind(uint8_t byte) { return KINDS[byte]; }

static inline int is_letter(uint8_t byte) { return (uint8_t)((byte | 0x20) - 'a') < 26; }

static inline int is_digit(uint8_t byte) { return (uint8_t)(byte - '0') < 10; }

static inline const uint8_t *past_blanks(const uint8_t *at, const uint8_t *stop)
{
    while (at < stop && (kind(*at) & BLANK))
        at++;
    return at;
}

typedef struct {
    const uint8_t *start, *stop;
    const uint8_t *first_odd, *last_odd; /* what is ODD; `stop` and `start` where nothing is */
    const uint8_t *last_drawn;           /* where the last word of letters alone ends that may be a secret; `start`: none */
    const uint8_t *verb;                 /* the first after that which may tell what was. NULL: not looked for yet, as above */
    const uint8_t *letters;              /* where those end in which the last word stands. NULL: not looked for yet */
} Line;

/* cues_said.c: whether a sentence may tell a secret with a word, in a run from `run` to `read`. */
int says(Line *line, const uint8_t *word, const uint8_t *run, const uint8_t *read);

/* cues_phrases.c: whether eleven words of a seed stand at a place, and whether a phrase is said there: `is horse staple …`. */
int is_seed(const uint8_t *at, const uint8_t *stop);
int says_phrase(const uint8_t *at, const uint8_t *stop);

#endif
