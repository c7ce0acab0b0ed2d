/* Known values: the codes of texts (`scan/canonical.py`), and the places of codes in them. */
#include "known.h"

/* The codes of places up to `end`, from `count` on. Gives how many there are then. */
INLINE size_t squeeze_some(const void *joined, int width, const uint8_t *table, size_t place, size_t end, uint8_t *codes,
                           size_t count)
{
    for (; place < end; place++) {
        uint8_t code = table[point_at(joined, width, place)];
        codes[count] = code;
        count += code != 0;
    }
    return count;
}

INLINE size_t squeeze(const struct view *view, int width, const uint8_t *table)
{
    const void *joined = view->joined;
    uint8_t *codes = view->codes;
    uint32_t *before = view->before;
    size_t count = 0, place = 0;
    for (size_t text = 0; text < view->texts; text++, place++) {
        size_t end = (size_t)view->starts[text + 1] - 1;
        while (place < end) {
            size_t next = place / PITCH * PITCH + PITCH;
            if (place % PITCH == 0)
                before[place / PITCH] = (uint32_t)count;
            if (place + PITCH == next && next <= end) /* a whole one, as most are: its length is known */
                count = squeeze_some(joined, width, table, place, place + PITCH, codes, count);
            else
                count = squeeze_some(joined, width, table, place, next < end ? next : end, codes, count);
            place = next < end ? next : end;
        }
        if (place % PITCH == 0)
            before[place / PITCH] = (uint32_t)count;
        codes[count++] = EDGE;
    }
    return count;
}

void known_squeeze(struct view *view, const uint8_t *table)
{
    view->table = table;
    switch (view->width) {
    case 1: view->count = squeeze(view, 1, table); break;
    case 2: view->count = squeeze(view, 2, table); break;
    default: view->count = squeeze(view, 4, table); break;
    }
}

INLINE void fold(const struct view *view, int width, const uint8_t *table, size_t total)
{
    const void *joined = view->joined;
    uint8_t *codes = view->codes;
    for (size_t at = 0; at < total; at++)
        codes[at] = table[point_at(joined, width, at)];
}

void known_fold(struct view *view, const uint8_t *table)
{
    size_t total = (size_t)view->starts[view->texts] - 1;
    view->table = NULL;
    view->count = total + 1;
    switch (view->width) {
    case 1: fold(view, 1, table, total); break;
    case 2: fold(view, 2, table, total); break;
    default: fold(view, 4, table, total); break;
    }
    for (size_t text = 1; text <= view->texts; text++)
        view->codes[view->starts[text] - 1] = EDGE;
}

static int kept(const struct view *view, size_t place)
{
    return !view->table || view->table[point_at(view->joined, view->width, place)];
}

/* Make `view->text` the text that a place belongs to, its end included. */
static void find_text(struct view *view, size_t place)
{
    const int64_t *starts = view->starts;
    size_t low = 0, high = view->texts;
    if (starts[view->text] <= (int64_t)place && (int64_t)place < starts[view->text + 1])
        return;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (starts[middle] <= (int64_t)place)
            low = middle;
        else
            high = middle;
    }
    view->text = low;
}

size_t known_place_of(struct view *view, size_t code)
{
    if (!view->table) {
        find_text(view, code);
        return code;
    }
    size_t low = 0, high = ((size_t)view->starts[view->texts] + PITCH - 1) / PITCH;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (view->before[middle] <= code)
            low = middle;
        else
            high = middle;
    }
    size_t place = low * PITCH;
    find_text(view, place);
    for (size_t passed = view->before[low];; place++) {
        size_t end = (size_t)view->starts[view->text + 1] - 1;
        if (place == end || kept(view, place)) {
            if (passed++ == code)
                return place;
            view->text += place == end;
        }
    }
}

uint32_t known_gap_of(const struct view *view, size_t first, size_t last)
{
    size_t gap = UINT32_MAX;
    for (size_t place = first + 1, old = first; place < last && gap > 1; place++)
        if (kept(view, place)) {
            gap = place - old < gap ? place - old : gap;
            old = place;
        }
    return (uint32_t)gap;
}
