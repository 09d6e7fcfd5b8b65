#include <signal.h>
#include "kit.h"
#include "net_suites.h"

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    Suite *suite = suite_create("net");
    suite_add_tcase(suite, address_tests());
    suite_add_tcase(suite, listen_tests());
    suite_add_tcase(suite, conn_tests());
    suite_add_tcase(suite, dial_tests());
    suite_add_tcase(suite, http_parse_tests());
    suite_add_tcase(suite, http_server_tests());
    suite_add_tcase(suite, http_client_tests());
    suite_add_tcase(suite, gunzip_tests());
    suite_add_tcase(suite, jwt_tests());
    suite_add_tcase(suite, tls_tests());
    return kit_main(argc, argv, &suite, 1);
}
