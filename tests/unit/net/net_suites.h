#ifndef WEIR_NET_SUITES_H
#define WEIR_NET_SUITES_H

#include <check.h>

TCase *address_tests(void);
TCase *conn_tests(void);
TCase *dial_tests(void);
TCase *gunzip_tests(void);
TCase *http_client_tests(void);
TCase *http_parse_tests(void);
TCase *http_server_tests(void);
TCase *jwt_tests(void);
TCase *listen_tests(void);
TCase *tls_tests(void);

#endif
