#include <string.h>

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
    Copy named, said;
    /* what is told: */
    uint64_t own;                   /* whether the text was projected: else it stands for itself */
    uint64_t candidate_count, candidates_done; /* done: 0 if there may be more */
    uint64_t token_count, tokens_done;
} Look;

/* `codes` are of `width` bytes (1: ASCII, 2, 4). */
EXPORT void look(Look *look, const void *codes, size_t width, size_t length)
{
    const uint8_t *projected = codes, *marked = codes;
    look->own = width > 1 || has_separators(codes, length);
    if (width > 1) {
        project_codes(codes, width, length, look->classes, look->projected, look->marked);
        projected = look->projected;
        marked = look->marked;
    } else if (look->own) {
        for (size_t at = 0; at < length; at++)
            look->projected[at] = look->classes[marked[at]];
        memcpy(look->marked, marked, length);
        projected = look->projected;
    }
    cue_lines(projected, length, &look->named, &look->said);
    look->candidate_count = look->token_count = 0;
    look->candidates_done = look->tokens_done = 1;
    if (look->quoted_plan) {
        Progress progress = {0};
        size_t count = quoted(look->quoted_plan, marked, length, &progress, look->candidates, (size_t)look->most);
        look->candidates_done = count + SETS <= look->most;
        if (look->kept_plan)
            count = tokens_kept(look->kept_plan, marked, length, look->candidates, count);
        look->candidate_count = count;
    }
    if (look->tokens_plan) {
        uint64_t place = 0;
        size_t count = tokens_find(look->tokens_plan, marked, length, &place, look->tokens, (size_t)look->most);
        look->tokens_done = count < look->most;
        look->token_count = count;
    }
}
