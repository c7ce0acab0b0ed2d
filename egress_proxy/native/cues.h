/* What the two files of the search for cues share. */
#ifndef EGRESS_PROXY_CUES_H
#define EGRESS_PROXY_CUES_H

#include "kernel.h"

enum { RUN = 1, QUOTE = 2, CLOSES = 4, BLANK = 8, ODD = 16 };

static const uint8_t KINDS[256] = {
    ['0' ... '9'] = RUN | ODD,
    ['A' ... 'Z'] = RUN,
    ['a' ... 'z'] = RUN,
    ['_'] = RUN,
    ['-'] = RUN,
    ['"'] = QUOTE | CLOSES,
    ['\''] = QUOTE | CLOSES,
    ['`'] = QUOTE | CLOSES,
    [']'] = CLOSES,
    [')'] = CLOSES,
    ['\\'] = CLOSES,
    ['*'] = CLOSES | ODD,
    ['?'] = CLOSES | ODD,
    [' '] = BLANK,
    ['\t'] = BLANK,
    ['\v' ... '\r'] = BLANK,
    ['!'] = ODD,
    ['#' ... '&'] = ODD,
    ['@'] = ODD,
    ['^'] = ODD,
    ['+'] = ODD,
    ['~'] = ODD,
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

/* cues_phrases.c: whether eleven words of a seed stand at a place, and whether a phrase is said there: `is horse staple …`. */
int is_seed(const uint8_t *at, const uint8_t *stop);
int says_phrase(const uint8_t *at, const uint8_t *stop);

#endif
