#include "masked_message.h"

#include <stdlib.h>
#include "hl7_mask.h"

static void print_segment(struct slice segment, FILE *to)
{
    for (size_t i = 0; i < segment.n; i++) {
        unsigned char b = (unsigned char)segment.p[i];
        putc(b < 0x20 || b == 0x7f ? '?' : b, to);
    }
    putc('\n', to);
}

void masked_message_print(struct slice message, FILE *to)
{
    char *masked = message.n ? malloc(message.n) : NULL;
    if (!masked) {
        if (message.n)
            fputs("(no memory to mask it)\n", to);
        return;
    }
    hl7_mask(message, masked);
    struct slice left = slice_make(masked, message.n);
    while (left.n) {
        size_t cr = slice_find(left, '\r'), lf = slice_find(left, '\n');
        size_t end = cr < lf ? cr : lf;
        if (end)
            print_segment(slice_sub(left, 0, end), to);
        left = slice_sub(left, end + 1, left.n);
    }
    free(masked);
}
