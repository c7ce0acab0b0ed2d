#include "derive.h"

#include <string.h>

/* What is no part of the words that it stands in: tags and comments, as in `h<b>u</b>n`. */

#define LONGEST_INLAY 120 /* characters between its signs */
#define NEXT_INLAY    32  /* characters from the end of one to the next */
#define FEWEST_INLAID 2

/* Whether a word may go on beside it. */
static inline int of_word(uint8_t c) { return c > ' ' && c != '<' && c != '>'; }

/* Where the tags that begin at a place end; the place itself where there are none. */
static size_t over_tags(const uint8_t *text, size_t at, size_t length)
{
    while (at + 2 < length && text[at] == '<' && (text[at + 1] == '/' || text[at + 1] == '!' || lower(text[at + 1] | 0x20))) {
        size_t end = at + 1, most = length - end > LONGEST_INLAY + 1 ? end + LONGEST_INLAY + 1 : length;
        while (end < most && text[end] != '>' && text[end] != '<' && text[end] != '\n')
            end++;
        if (end == most || text[end] != '>')
            break;
        at = end + 1;
    }
    return at;
}

/* The same of a comment. */
static size_t over_comment(const uint8_t *text, size_t at, size_t length)
{
    if (at + 3 >= length || text[at + 1] != '*')
        return at;
    size_t most = length - at - 2 > LONGEST_INLAY + 2 ? at + LONGEST_INLAY + 4 : length;
    for (size_t end = at + 2; end + 1 < most && text[end] != '\n'; end++)
        if (text[end] == '*' && text[end + 1] == '/')
            return end + 2;
    return at;
}

void find_inlaid(const uint8_t *text, size_t length, uint8_t lead, struct found *found)
{
    if (skips(found, INLAID))
        return;
    struct row row = {.count = 0};
    size_t done = 0;
    for (const uint8_t *hit = text; (hit = memchr(hit, lead, (size_t)(text + length - hit))); hit++) {
        size_t at = (size_t)(hit - text);
        if (at == 0 || at < done || !of_word(text[at - 1]))
            continue;
        size_t end = lead == '<' ? over_tags(text, at, length) : over_comment(text, at, length);
        if (end == at || end >= length || !of_word(text[end]))
            continue;
        if (row.count && at > row.end + NEXT_INLAY) {
            if (row.count >= FEWEST_INLAID)
                report(found, INLAID, row.start, row.end);
            row.count = 0;
        }
        grow(&row, at, end);
        done = end;
    }
    if (row.count >= FEWEST_INLAID)
        report(found, INLAID, row.start, row.end);
}
