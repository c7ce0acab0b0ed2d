/* How random a text looks (`scan/random_text.py`): the weights of its pairs of letters and digits. */
#include "kernel.h"

#define NO_PAIR 255

/* The sum of the weights of the pairs that have one, and in the upper half how many they are. `weights` has a row of
 * 128 for each first character, NO_PAIR where there is none. */
EXPORT uint64_t random_pairs(const uint8_t *weights, const uint8_t *text, size_t length)
{
    uint64_t sum = 0, count = 0;
    for (size_t at = 1; at < length; at++) {
        uint8_t first = text[at - 1], second = text[at];
        uint8_t weight = first < 128 && second < 128 ? weights[first * 128 + second] : NO_PAIR;
        if (weight != NO_PAIR) {
            sum += weight;
            count++;
        }
    }
    return count << 32 | sum;
}
