/* tcp_tune.h - what every TCP connection of ours is set to: no delay, and a peer that is gone
 * without a word is found out within three minutes, not the system's two hours. */
#ifndef WEIR_TCP_TUNE_H
#define WEIR_TCP_TUNE_H

void tcp_tune(int fd);

#endif
