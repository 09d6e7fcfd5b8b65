#include "proc_parts.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "log.h"

enum { EXIT_USAGE = 64, OPT_LOG_LEVEL = 256, OPT_VERSION, OPT_NAME };

static void print_help(const struct proc_program *p)
{
    const char *role = p->instance ? "acute" : p->name;
    printf("%s: %s\n\nUsage: %s", p->program, p->summary, p->program);
    if (p->instance)
        printf(" <%s>", p->instance);
    printf(" [--config FILE] [--name NAME] [--log-level LEVEL]\n\n"
           "  -c, --config FILE      the site's configuration; else $WEIR_CONFIG, else the first "
           "of\n"
           "                         ./weir.yaml, ./config/weir.yaml, /etc/weir/weir.yaml\n"
           "      --name NAME        of this process where there are several of its kind: %s-2, "
           "%s-b.\n"
           "                         One name, one lock, one control socket, one audit chain\n"
           "      --log-level LEVEL  debug, info, warn or error, instead of the configured one\n"
           "      --version          print the version\n"
           "  -h, --help             print this\n\nExample: %s\n",
           role, role, p->example);
}

static int usage(const struct proc_program *p, const char *what)
{
    fprintf(stderr, "%s: %s; see %s --help\n", p->program, what, p->program);
    return EXIT_USAGE;
}

static int level_of(const char *text)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (int i = 0; i < 4; i++)
        if (strcmp(text, names[i]) == 0)
            return (int)LOG_DEBUG + i;
    return -1;
}

static const char *find_config(void)
{
    static const char *const places[] = {"weir.yaml", "config/weir.yaml", "/etc/weir/weir.yaml"};
    const char *named = getenv("WEIR_CONFIG");
    if (named && *named)
        return named;
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
        if (access(places[i], F_OK) == 0)
            return places[i];
    return NULL;
}

/* It becomes part of file names. */
static bool is_name(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return n > 0 && n <= 48 && s[n] == 0 && *s != '-';
}

bool proc_name_of(const char *name, const char *role)
{
    size_t n = strlen(role);
    return strncmp(name, role, n) == 0 && (!name[n] || (name[n] == '-' && name[n + 1]));
}

static int read_rest(const struct proc_program *p, int argc, char **argv, struct proc_args *a)
{
    int wanted = p->instance ? 1 : 0;
    if (argc - optind < wanted)
        return usage(p, "the name of the instance is missing");
    if (argc - optind > wanted)
        return usage(p, "there are more arguments than it takes");
    a->instance = wanted ? argv[optind] : p->name;
    if (!a->name)
        a->name = a->instance;
    if (!is_name(a->instance) || !is_name(a->name))
        return usage(p, "a name is made of a-z, 0-9 and hyphens, at most 48");
    if (!proc_name_of(a->name, a->instance))
        return usage(p, "--name: begins with what it is one of, and a hyphen: broker-2, acute-b");
    if (!a->config)
        a->config = find_config();
    return a->config ? -1 : usage(p, "no configuration is named and none is found");
}

int proc_args_read(const struct proc_program *program, int argc, char **argv, struct proc_args *ret)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"log-level", required_argument, NULL, OPT_LOG_LEVEL},
        {"name", required_argument, NULL, OPT_NAME},
        {"version", no_argument, NULL, OPT_VERSION},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct proc_args a = {.log_level = -1};
    int c;
    optind = 0;
    while ((c = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            a.config = optarg;
            break;
        case OPT_LOG_LEVEL:
            a.log_level = level_of(optarg);
            if (a.log_level < 0)
                return usage(program, "--log-level takes debug, info, warn or error");
            break;
        case OPT_NAME:
            a.name = optarg;
            break;
        case OPT_VERSION:
            printf("%s %s\n", program->program, WEIR_VERSION);
            return 0;
        case 'h':
            print_help(program);
            return 0;
        default:
            return EXIT_USAGE;
        }
    }
    int r = read_rest(program, argc, argv, &a);
    if (r == -1)
        *ret = a;
    return r;
}
