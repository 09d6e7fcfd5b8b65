/* stream_suite.h - the parts of the stream's conformance suite, and the bed that each test lies in.
 *
 * begin makes `bed` and opens `s`, the writer "acute" of the engine at hand; end closes both. */
#ifndef WEIR_STREAM_SUITE_H
#define WEIR_STREAM_SUITE_H

#include "stream_bed.h"

extern struct stream_bed bed;
extern struct stream *s;

const char *engine(int i);
void begin(int i);
void end(void);
/* One record with the key "k". */
void put(const char *topic, const char *value);

enum { SUITE_TESTS_MAX = 64 };
/* Fill ret, which has SUITE_TESTS_MAX places, with the tests of a part; return how many. */
size_t suite_contract(const TTest *ret[]); /* for engines that forget, too */
size_t suite_append(const TTest *ret[]);
size_t suite_read(const TTest *ret[]);
size_t suite_retain(const TTest *ret[]);  /* where the engine prunes by itself */
size_t suite_cluster(const TTest *ret[]); /* where it has nodes that do */

#endif
