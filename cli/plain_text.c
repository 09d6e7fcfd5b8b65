#include "plain_text.h"

static bool steers(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

void plain_put(FILE *to, struct slice text)
{
    for (size_t i = 0; i < text.n; i++)
        putc(steers(text.p[i]) ? '?' : text.p[i], to);
}

void plain_lines(struct buf *text)
{
    for (size_t i = 0; i < text->n; i++)
        if (steers(text->p[i]) && text->p[i] != '\n')
            text->p[i] = '?';
}
