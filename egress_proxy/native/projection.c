#include "derive_bits.h"
#include "scan.h"

#define MARK 0x80
#define WIDE 32

static int is_separator(uint8_t byte) { return (uint8_t)(byte - 0x1C) < 4; }

/* Whether an ASCII text has one of the separators U+001C to U+001F, which only Python takes for white space. */
EXPORT WIDER int has_separators(const uint8_t *text, size_t length)
{
    uint8_t any = 0;
    for (size_t at = 0; at < length; at++)
        any |= (uint8_t)is_separator(text[at]);
    return any;
}

#define PROJECT(NAME, CODE)                                                                                           \
    WIDER static uint32_t NAME(const CODE *codes, size_t length, const uint8_t *classes, uint8_t *projected,           \
                               uint8_t *marked)                                                                        \
    {                                                                                                                  \
        uint32_t strange = 0;                                                                                          \
        for (size_t at = 0, stop; at < length; at = stop) {                                                            \
            CODE any = 0;                                                                                              \
            stop = length - at < WIDE ? length : at + WIDE;                                                            \
            uint8_t beyond[WIDE];                                                                                      \
            uint64_t places = below((unsigned)(stop - at));                                                            \
            if (stop - at == WIDE) { /* without a branch a code, so that compilers make it wide */                     \
                for (size_t next = 0; next < WIDE; next++) {                                                           \
                    any |= codes[at + next];                                                                           \
                    projected[at + next] = marked[at + next] = (uint8_t)codes[at + next];                              \
                }                                                                                                      \
                if (any < MARK)                                                                                        \
                    continue;                                                                                          \
                for (size_t next = 0; next < WIDE; next++)                                                             \
                    beyond[next] = codes[at + next] < MARK ? 0 : 0xFF;                                                 \
                places = bits_of(sixteen_at(beyond)) | bits_of(sixteen_at(beyond + 16)) << 16;                         \
            }                                                                                                          \
            for (; places; places &= places - 1) { /* few, of what people write in Western languages */                \
                size_t next = at + lowest(places);                                                                     \
                CODE code = codes[next];                                                                               \
                projected[next] = classes[code];                                                                       \
                marked[next] = code < MARK ? (uint8_t)code : (uint8_t)(classes[code] | MARK);                          \
                strange |= (uint32_t)is_strange(code);                                                                 \
            }                                                                                                          \
        }                                                                                                              \
        return strange;                                                                                                \
    }

PROJECT(project_pairs, uint16_t)
PROJECT(project_fours, uint32_t)

/* Each code point of a text (of `width` bytes, 2 or 4; surrogates may be among them) as one byte: ASCII, by `classes`,
 * which has one for every code point; and the same with the highest bit set for those beyond ASCII. Both have room for
 * all of them. Returns whether any of them looks like others. */
EXPORT int project_codes(const void *codes, size_t width, size_t length, const uint8_t *classes, uint8_t *projected,
                         uint8_t *marked)
{
    uint32_t strange = width == sizeof(uint16_t) ? project_pairs(codes, length, classes, projected, marked)
                                                 : project_fours(codes, length, classes, projected, marked);
    if (has_separators(projected, length))
        for (size_t place = 0; place < length; place++)
            projected[place] = classes[projected[place]];
    return strange != 0;
}
