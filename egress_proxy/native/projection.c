#include <string.h>

#include "kernel.h"

#define MARK 0x80
#define ALL_MARKS 0x8080808080808080u

static int is_separator(uint8_t byte) { return (uint8_t)(byte - 0x1C) < 4; }

/* Whether an ASCII text has one of the separators U+001C to U+001F, which only Python takes for white space. */
EXPORT int has_separators(const uint8_t *text, size_t length)
{
    uint8_t any = 0;
    for (size_t at = 0; at < length; at++)
        any |= (uint8_t)is_separator(text[at]);
    return any;
}

/* Each code point of a valid UTF-8 text (surrogates may stand in it as three bytes each) as one byte: ASCII, by
 * `classes`, which has one for every code point; and the same with the highest bit set for those beyond ASCII. Both
 * have room for all of them. Whether any look like others, or like nothing. */
EXPORT int project(const uint8_t *utf8, size_t length, const uint8_t *classes, uint8_t *projected, uint8_t *marked)
{
    size_t at = 0, count = 0;
    int strange = 0;
    while (at < length) {
        uint64_t eight;
        if (length - at >= sizeof eight && (memcpy(&eight, utf8 + at, sizeof eight), !(eight & ALL_MARKS))) {
            memcpy(projected + count, &eight, sizeof eight);
            memcpy(marked + count, &eight, sizeof eight);
            at += sizeof eight;
            count += sizeof eight;
            continue;
        }
        uint32_t code = utf8[at];
        size_t more = code < 0x80 ? 0 : code < 0xE0 ? 1 : code < 0xF0 ? 2 : 3;
        if (more)
            code &= 0x3Fu >> more;
        for (size_t next = 1; next <= more; next++)
            code = code << 6 | (utf8[at + next] & 0x3F);
        if (more)
            strange |= is_strange(code);
        projected[count] = classes[code];
        marked[count++] = more ? classes[code] | MARK : (uint8_t)code;
        at += more + 1;
    }
    if (has_separators(projected, count))
        for (size_t place = 0; place < count; place++)
            projected[place] = classes[projected[place]];
    return strange;
}
