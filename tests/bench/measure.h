/* measure.h - what the measuring programs share: CPU time, and the middle of several runs. */
#ifndef WEIR_MEASURE_H
#define WEIR_MEASURE_H

/* User and system seconds of this process so far. */
double cpu_seconds(void);
/* The median; sorts its input. n is at least 1. */
double median(double *values, unsigned n);

#endif
