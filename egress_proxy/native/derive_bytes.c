#include "derive.h"

#include <string.h>

/* Whether bytes look like text, or like something compressed. */

/* Of a byte: printable 1, beyond ASCII 2, zero 3, none of them 0. */
const uint8_t SORT[256] = {
    3, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0,
    2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    0, 0, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
};

/* Of a byte: of ASCII text or zero 0, of no text 1, within a character 2, the first of two 3, of three 4. */
const uint8_t PART[256] = {
    0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
    2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    1, 1, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
};

int texty(const uint8_t *bytes, size_t length)
{
    /* four counts in one word: there are never more than 32 bytes */
    static const uint32_t ONE[4] = {1, 1 << 8, 1 << 16, 1U << 24};
    uint32_t counts = 0;
    for (size_t at = 0; at < length; at++)
        counts += ONE[SORT[bytes[at]]];
    size_t sorts[4] = {counts & 255, counts >> 8 & 255, counts >> 16 & 255, counts >> 24}, good = 0;
    if (length < 12 || sorts[0] * 12 > length)
        return 0;
    if (sorts[1] * 12 >= length * 11)
        return 1;
    if (sorts[3] * 2 + 2 >= length && sorts[3] * 2 <= length + 2)
        return (sorts[1] + sorts[3]) * 12 >= length * 11;
    for (size_t at = 0; at < length; at++) {
        uint8_t c = bytes[at];
        size_t more = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : 4, right = 0;
        while (right < more && at + 1 + right < length && (bytes[at + 1 + right] & 0xc0) == 0x80)
            right++;
        if (more < 4 && (right == more || at + 1 + right == length)) {
            good += more ? 1 + right : SORT[c] == 1;
            at += right;
        }
    }
    return good * 12 >= length * 11;
}

/* Up to 24 bits from bit `at` on: four bytes from there are there. */
static inline unsigned bits(const uint8_t *bytes, size_t at, unsigned count)
{
    const uint8_t *from = bytes + (at >> 3);
    uint32_t word = from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
    return word >> (at & 7) & ((1U << count) - 1);
}

/* A raw deflate block: with the fixed code, that six printable characters come first; with its own code, that the code
 * is complete. `bytes` has at least 16. */
static int deflated(const uint8_t *bytes)
{
    unsigned type = bytes[0] >> 1 & 3;
    size_t at = 3;
    if (type == 1) {
        for (int symbol = 0; symbol < 6; symbol++, at += 8) {
            unsigned turned = bits(bytes, at, 8), code = 0;
            for (int bit = 0; bit < 8; bit++)
                code |= (turned >> bit & 1) << (7 - bit);
            if (code < 0x30 || code >= 0xc0 || !printable((uint8_t)(code - 0x30)))
                return 0;
        }
        return 1;
    }
    if (type != 2 || bits(bytes, 3, 5) > 29 || bits(bytes, 8, 5) > 29)
        return 0;
    unsigned lengths = bits(bytes, 13, 4) + 4, sum = 0;
    at = 17;
    for (unsigned number = 0; number < lengths; number++, at += 3) {
        unsigned length = bits(bytes, at, 3);
        sum += length ? 128U >> length : 0;
    }
    return sum == 128;
}

int packed(const uint8_t *b, size_t length)
{
    if (length < 8)
        return 0;
    if (b[0] == 0x1f && b[1] == 0x8b && b[2] == 8)
        return 1;
    if (b[0] == 0x78 && (b[1] == 0x01 || b[1] == 0x5e || b[1] == 0x9c || b[1] == 0xda))
        return 1;
    if (memcmp(b, "BZh", 3) == 0 && digit(b[3]) && b[4] == 0x31)
        return 1;
    if (memcmp(b, "\xfd" "7zXZ", 5) == 0)
        return 1;
    return length >= 16 && deflated(b);
}
