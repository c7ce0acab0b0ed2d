/* A run of characters, put together from its pieces, and what it may be as base64, base32 or hex. */
#ifndef EGRESS_PROXY_DERIVE_CHAIN_H
#define EGRESS_PROXY_DERIVE_CHAIN_H

#include "derive.h"

/* Of a character of a run: whether it is none of hex, none of base32, a letter of hex, and none of base32hex. */
enum { NOT_HEX = 1, NOT_32 = 2, HEX_LETTER = 4, NOT_32HEX = 8 };

struct chain {
    size_t start, end, length; /* of its characters, decoration not counted */
    size_t kept;
    unsigned traits; /* of any of the characters that are kept */
    uint8_t chars[SAMPLED];
};

/* Of a character that stands for four bits, these; of another 16. */
extern const uint8_t NIBBLE[256];

/* Reports what a chain of one or more pieces may be, forwards and backwards. Whether it is anything. */
int try_chain(const struct chain *chain, struct found *found);

/* The same of what one run ends with, where a word is glued before it: hex or base32. */
int try_end(const struct chain *chain, struct found *found);

#endif
