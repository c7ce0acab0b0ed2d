#include "derive.h"

#include <string.h>

/* Morse code: dots and hyphens in groups, among signs and blanks only. */

#define LONGEST_ROW 4096 /* characters at either side */

static inline int dot(uint8_t c) { return c == '.' || c == '-'; }

/* The groups of a stretch without letters and digits. */
static size_t groups(const uint8_t *text, size_t start, size_t end)
{
    size_t count = 0;
    for (size_t at = start; at < end; at++)
        count += (size_t)(dot(text[at]) && (at == start || !dot(text[at - 1])));
    return count;
}

void find_morse(const uint8_t *text, size_t length, struct found *found)
{
    size_t done = 0;
    for (const uint8_t *hit = text; (hit = memchr(hit, '-', (size_t)(text + length - hit))); hit++) {
        size_t at = (size_t)(hit - text), start = at, end = at;
        if (at < done || !((at > 0 && text[at - 1] == '.') || (at + 1 < length && text[at + 1] == '.')))
            continue; /* neither `.-` nor `-.`, which are in no other text */
        while (start > done && at - start < LONGEST_ROW && !alnum(text[start - 1]))
            start--;
        while (end < length && end - at < LONGEST_ROW && !alnum(text[end]))
            end++;
        if (groups(text, start, end) >= FEWEST)
            report(found, MORSE, start, end);
        done = end;
    }
}
