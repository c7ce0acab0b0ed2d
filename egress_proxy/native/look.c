#include <string.h>

#include "derive.h"
#include "scan.h"

/* All passes over a text in one call, for short texts cost little else. */

typedef struct {
    const uint8_t *classes;         /* of every code point (`projection.c`) */
    const QuotedPlan *quoted_plan;  /* NULL: not asked for, as below */
    const TokenPlan *kept_plan;     /* which of the strings between quotes are kept; NULL: all */
    const TokenPlan *tokens_plan;
    uint8_t *projected, *marked;    /* room for the text */
    Candidate *candidates;          /* room for `most` */
    Token *tokens;                  /* and here */
    uint64_t most;
    Copy named, said, solid;
    uint64_t whole;                 /* look for hints in all as one text; else: */
    uint32_t *lengths;              /* as for `derive_hints`; NULL: no hints are looked for */
    uint64_t texts;                 /* how many lengths */
    uint32_t *hints;                /* room for `most_hints` */
    uint64_t most_hints, plain;     /* `plain`: not what only known values are looked for in */
    uint64_t unmasked;              /* stop at a placeholder: it is to be masked first */
    /* what is told: */
    uint64_t own;                   /* whether the text was projected: else it stands for itself */
    uint64_t candidate_count, candidates_done; /* done: 0 if there may be more */
    uint64_t token_count, tokens_done;
    uint64_t hint_count;
} Look;

enum { NAMED = 1, SAID = 2, SOLID = 4, CANDIDATES = 8, TOKENS = 16, HINTS = 32, PLACEHOLDER = 64 };

/* Whether one of our own placeholders may begin somewhere. */
static int has_placeholder(const uint8_t *text, size_t length)
{
    const uint8_t *end = text + length;
    for (const uint8_t *at = text; (at = memchr(at, '[', (size_t)(end - at))); at++)
        if (end - at >= 10 && (memcmp(at, "[redacted:", 10) == 0 || memcmp(at, "[withheld:", 10) == 0))
            return 1;
    return 0;
}

static int lines(Look *look, const uint8_t *projected, size_t length)
{
    cue_lines(projected, length, &look->named, &look->said);
    solid_lines(projected, length, &look->solid);
    return (look->named.size ? NAMED : 0) | (look->said.size ? SAID : 0) | (look->solid.size ? SOLID : 0);
}

static int strings(Look *look, const uint8_t *marked, size_t length)
{
    Progress progress = {0};
    size_t count = quoted(look->quoted_plan, marked, length, &progress, look->candidates, (size_t)look->most);
    look->candidates_done = count + SETS <= look->most;
    if (look->kept_plan)
        count = tokens_kept(look->kept_plan, marked, length, look->candidates, count);
    look->candidate_count = count;
    return count || !look->candidates_done ? CANDIDATES : 0;
}

static int tokens(Look *look, const uint8_t *marked, size_t length)
{
    uint64_t place = 0;
    size_t count = tokens_find(look->tokens_plan, marked, length, &place, look->tokens, (size_t)look->most);
    look->tokens_done = count < look->most;
    look->token_count = count;
    return count || !look->tokens_done ? TOKENS : 0;
}

static int hints(Look *look, const uint8_t *marked, const void *codes, size_t width, size_t length, int strange)
{
    uint32_t whole = (uint32_t)length;
    struct found found = {.out = look->hints, .room = (size_t)look->most_hints, .skipped = look->plain ? OF_VALUES : 0};
    if (look->whole)
        marked_hints(marked, codes, width, strange, &whole, 1, &found);
    else
        marked_hints(marked, codes, width, strange, look->lengths, (size_t)look->texts, &found);
    look->hint_count = found.count;
    return found.count ? HINTS : 0;
}

/* `codes` are of `width` bytes (1: ASCII, 2, 4). Returns what there is. */
EXPORT int look(Look *look, const void *codes, size_t width, size_t length)
{
    const uint8_t *projected = codes, *marked = codes;
    int strange = 0;
    look->own = width > 1 || has_separators(codes, length);
    if (width > 1) {
        strange = project_codes(codes, width, length, look->classes, look->projected, look->marked);
        projected = look->projected;
        marked = look->marked;
    } else if (look->own) {
        for (size_t at = 0; at < length; at++)
            look->projected[at] = look->classes[marked[at]];
        memcpy(look->marked, marked, length);
        projected = look->projected;
    }
    if (look->unmasked && has_placeholder(marked, length))
        return PLACEHOLDER;
    int told = lines(look, projected, length);
    look->candidate_count = look->token_count = look->hint_count = 0;
    look->candidates_done = look->tokens_done = 1;
    if (look->quoted_plan)
        told |= strings(look, marked, length);
    if (look->tokens_plan)
        told |= tokens(look, marked, length);
    if (look->whole || look->lengths)
        told |= hints(look, marked, codes, width, length, strange);
    return told;
}
