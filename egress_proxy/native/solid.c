#include <string.h>

#include "derive_bits.h"
#include "scan.h"

/* The lines of an ASCII text that hold twenty or more characters in a row without a blank: keys and tokens do, and few
 * lines of prose (`scan/solid.py`). */

static inline sixteen are_no_blanks(sixteen v) { return ~(within(v, '\t', '\r') | are(v, ' ')); }

/* Copies these lines, each with its newline, and writes where they are from. */
EXPORT void solid_lines(const uint8_t *text, size_t length, Copy *solid)
{
    solid->size = solid->count = 0;
    struct tails tails = {0};
    uint64_t before = 0; /* of the block before: what ends sixteen in a row */
    size_t done = 0;     /* up to where lines are copied */
    for (size_t at = 0; at < length; at += BLOCK) {
        uint64_t sixteens = ends_of_rows(&tails, bits_before(length, text, at, length, are_no_blanks));
        uint64_t ends = tails.four & (sixteens << 4 | before >> 60);
        before = sixteens;
        while (done < at + BLOCK) {
            ends &= done > at ? ~below((unsigned)(done - at)) : UINT64_MAX;
            if (!ends)
                break;
            size_t place = at + lowest(ends), start = place;
            while (start > done && text[start - 1] != '\n')
                start--;
            const uint8_t *stop = memchr(text + place, '\n', length - place);
            done = stop ? (size_t)(stop - text) + 1 : length;
            copy_lines(solid, text, text + start, text + done);
        }
    }
}
