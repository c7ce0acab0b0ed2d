/* What the passes over one text give each other (`look.c`): a projected text has a byte for each code point. */
#ifndef EGRESS_PROXY_SCAN_H
#define EGRESS_PROXY_SCAN_H

#include "kernel.h"

#define SETS 8 /* of characters, of strings between quotes */

typedef struct QuotedPlan QuotedPlan;
typedef struct TokenPlan TokenPlan;

typedef struct {
    uint64_t start, end;
    uint32_t set;
    uint32_t sure; /* 0: too near the limit, or too long, to tell; the caller does */
} Candidate;

typedef struct {
    uint64_t at;         /* where to go on */
    uint64_t from[SETS]; /* by set: where the next match may start */
} Progress;

typedef struct {
    uint64_t start, end;
} Token;

typedef struct {
    uint64_t out, start; /* where it stands in what was copied, and in the text */
} Piece;

typedef struct {
    uint8_t *out;  /* room for the whole text */
    Piece *pieces; /* room for `most`, which is not 0 */
    uint64_t most, size, count;
    const uint8_t *done; /* up to where the text that was copied last goes */
} Copy;

int project_codes(const void *codes, size_t width, size_t length, const uint8_t *classes, uint8_t *projected,
                  uint8_t *marked);
int has_separators(const uint8_t *text, size_t length);
void copy_lines(Copy *to, const uint8_t *text, const uint8_t *start, const uint8_t *stop);
void cue_lines(const uint8_t *text, size_t length, Copy *named, Copy *said);
void solid_lines(const uint8_t *text, size_t length, Copy *solid);
size_t quoted(const QuotedPlan *plan, const uint8_t *text, size_t length, Progress *progress, Candidate *out,
              size_t most);
size_t tokens_find(const TokenPlan *plan, const uint8_t *text, size_t length, uint64_t *place, Token *out, size_t most);
size_t tokens_kept(const TokenPlan *plan, const uint8_t *text, size_t length, Candidate *found, size_t count);

#endif
