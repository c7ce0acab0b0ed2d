/* Words that begin with one character of something: what the search of numbers shares with `derive_initials.c`. */
#ifndef EGRESS_PROXY_DERIVE_WORDS_H
#define EGRESS_PROXY_DERIVE_WORDS_H

#include "derive.h"

struct initials {
    struct row region;
    size_t before, done;
};

/* A word that begins with a digit alone, in prose: among words, not signs. */
static inline int initial_digit(const uint8_t *text, size_t at, size_t length)
{
    return digit(text[at]) && at > 0 && text[at - 1] == ' ' && (at + 1 == length || !digit(text[at + 1]))
        && (at + 2 >= length || text[at + 1] != '.' || !digit(text[at + 2])) && at > 1 && (alnum(text[at - 2]) || text[at - 2] == ',');
}

/* Takes such a digit: where they stand close, the words around them are looked at. */
void see_initial(struct initials *i, const uint8_t *text, size_t at, size_t length, struct found *found);
void end_initials(struct initials *i, struct found *found);

#endif
