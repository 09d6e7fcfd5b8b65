/* mllp_load.c - sends ADT messages over many connections and measures the answers.
 *
 *   mllp_load --port N [--host ADDRESS] [--connections N] [--seconds S | --messages M]
 *             [--rate PER_SECOND] [--pid PID] [--first N] [--stamps FILE]
 *             [--ca FILE --cert FILE --key FILE] [--fhir BASE]
 *
 * One message is under way per connection; the control id and the patient change with each
 * (numbered from --first on, so that a second run does not repeat the first). Every answer has to
 * be an AA whose MSA-2 is the id that was sent. Prints one line:
 *
 *   messages N seconds S rate R p50_us A p99_us B max_us C cpu_seconds T
 *
 * --stamps notes when each message was due (stamps.h), so that http_sink can tell how long it took;
 * with --rate that is the moment that the rate sets, however late the message was sent.
 * --ca, --cert and --key: over TLS, the handshakes before the time begins.
 * --fhir: POST of an Encounter to BASE/Encounter instead, each answer a 201.
 * cpu_seconds is the user and system time that PID took meanwhile. Exit 1: an answer was wrong or
 * a connection ended. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clock.h"
#include "stamps.h"
#include "tls_link.h"

enum { MESSAGE_BYTES = 2048, ANSWER_BYTES = 2048, SLOTS = 1 << 21, EVENTS = 256 };

struct peer {
    int fd;
    struct tls_link *tls; /* NULL: plain text */
    bool under_way;
    long id;
    int64_t sent_ns;
    size_t n;
    char answer[ANSWER_BYTES];
};

struct load {
    const char *host;
    const char *fhir; /* NULL: MLLP */
    int port, connections, pid;
    long messages, first, next_id, answered;
    double seconds, rate;
    int epoll;
    int64_t begin_ns, end_ns;
    struct peer *peers;
    struct stamps *stamps; /* NULL: not asked for */
    struct tls_options tls_options;
    struct tls *tls;     /* NULL: plain text */
    unsigned *histogram; /* of microseconds; the last slot takes all above */
    long max_us;
};

_Noreturn static void die(const char *what)
{
    fprintf(stderr, "mllp_load: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(1);
}

/* The weights of the NHS number's check digit are 10 to 2; 999 marks numbers that are nobody's. */
static void nhs_number(long n, char out[11])
{
    for (long i = n;; i++) {
        snprintf(out, 11, "999%06ld", (i * 7919) % 1000000);
        int sum = 0;
        for (int d = 0; d < 9; d++)
            sum += (10 - d) * (out[d] - '0');
        int check = 11 - sum % 11;
        if (check == 10)
            continue;
        out[9] = (char)('0' + check % 11);
        out[10] = '\0';
        return;
    }
}

static int make_message(long id, char out[MESSAGE_BYTES])
{
    char nhs[11];
    nhs_number(id % 50000, nhs);
    long local = id % 50000;
    return snprintf(
        out, MESSAGE_BYTES,
        "\vMSH|^~\\&|PAS|RXX01|WEIR|REGION|20260303081200||ADT^A01^ADT_A01|L%ld|P|2.4|||AL|NE\r"
        "EVN|A01|20260303081200|||JONESA^JONES^ANNE|20260303081000\r"
        "PID|1||%s^^^NHS^NH~H%06ld^^^RXX01^MR||TEST^PATIENT%ld^M^^MR||19560412|1|||1 TEST "
        "STREET^^LEEDS^^LS1 1AA^GBR||0113 496 0000|||M|C22|||||||Z\r"
        "PD1|||MILL LANE SURGERY^^B86001|G1234567^DOE^JOHN^^^DR\r"
        "PV1|1|I|W12^B3^04^RXX01||||C1234567^SMITH^SAM^^^DR||C7654321^BROWN^JO^^^DR|300||||19||||"
        "IP|V%08ld|||||||||||||||||||||||||20260303081000\r"
        "PV2||1|^CHEST PAIN\r"
        "\x1c\r",
        id, nhs, local, local, id);
}

/* One admission, as an Encounter with the patient contained: near the size of the ADT message. */
static int make_post(const char *base, long id, char out[MESSAGE_BYTES])
{
    char nhs[11], body[MESSAGE_BYTES];
    nhs_number(id % 50000, nhs);
    int n = snprintf(
        body, sizeof(body),
        "{\"resourceType\":\"Encounter\",\"contained\":[{\"resourceType\":\"Patient\",\"id\":\"p\","
        "\"identifier\":[{\"system\":\"https://fhir.nhs.uk/Id/nhs-number\",\"value\":\"%s\"}],"
        "\"name\":[{\"family\":\"TEST\",\"given\":[\"PATIENT%ld\"]}],\"gender\":\"male\","
        "\"birthDate\":\"1956-04-12\",\"address\":[{\"line\":[\"1 TEST STREET\"],\"postalCode\":"
        "\"LS1 1AA\"}]}],\"identifier\":[{\"system\":\"https://rxx.example/visit\",\"value\":"
        "\"V%08ld\"}],\"status\":\"in-progress\",\"class\":{\"system\":"
        "\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"IMP\"},\"subject\":{"
        "\"reference\":\"#p\"},\"participant\":[{\"individual\":{\"identifier\":{\"value\":"
        "\"C1234567\"},\"display\":\"SMITH, SAM\"}}],\"period\":{\"start\":"
        "\"2026-03-03T08:10:00+00:00\"},\"location\":[{\"location\":{\"identifier\":{\"value\":"
        "\"W12\"}}}],\"serviceProvider\":{\"identifier\":{\"value\":\"RXX\"}}}",
        nhs, id % 50000, id);
    return snprintf(out, MESSAGE_BYTES,
                    "POST %s/Encounter HTTP/1.1\r\nHost: weir\r\nContent-Type: "
                    "application/fhir+json\r\nContent-Length: %d\r\n\r\n%s",
                    base, n, body);
}

static void note_due(struct load *l, const struct peer *p)
{
    int64_t due = p->sent_ns;
    if (!l->stamps || p->id >= STAMPS_MAX)
        return;
    if (l->rate > 0)
        due = l->begin_ns + (int64_t)((double)(p->id - l->first) / l->rate * 1e9);
    l->stamps->due_ns[p->id] = due;
}

static void send_next(struct load *l, struct peer *p)
{
    char message[MESSAGE_BYTES];
    p->id = l->next_id++;
    int n = l->fhir ? make_post(l->fhir, p->id, message) : make_message(p->id, message);
    p->sent_ns = clock_mono_ns();
    note_due(l, p);
    p->under_way = true;
    p->n = 0;
    if ((p->tls ? tls_link_write(p->tls, message, (size_t)n)
                : send(p->fd, message, (size_t)n, MSG_NOSIGNAL)) != n)
        die("send");
}

/* May another one be sent now? */
static bool may_send(const struct load *l, int64_t now_ns)
{
    long sent = l->next_id - l->first;
    if (l->messages ? sent >= l->messages : now_ns >= l->end_ns)
        return false;
    return l->rate <= 0 || (double)sent < l->rate * (double)(now_ns - l->begin_ns) / 1e9;
}

static void check_answer(const struct load *l, const struct peer *p)
{
    if (l->fhir) {
        errno = 0;
        if (p->n < 12 || memcmp(p->answer, "HTTP/1.1 201", 12) != 0)
            die("an answer is no 201");
        return;
    }
    char want[40];
    int n = snprintf(want, sizeof(want), "\rMSA|AA|L%ld", p->id);
    const char *at = memmem(p->answer, p->n, want, (size_t)n);
    errno = 0;
    if (!at || (at[n] != '\r' && at[n] != '|'))
        die("an answer is no AA for what was sent");
}

static void count(struct load *l, int64_t ns)
{
    long us = (long)(ns / 1000);
    l->histogram[us < SLOTS ? us : SLOTS - 1]++;
    if (us > l->max_us)
        l->max_us = us;
    l->answered++;
}

static void on_readable(struct load *l, struct peer *p)
{
    char *to = p->answer + p->n;
    size_t room = sizeof(p->answer) - p->n;
    ssize_t n = p->tls ? tls_link_read(p->tls, to, room) : recv(p->fd, to, room, 0);
    if (n <= 0)
        die("a connection ended");
    p->n += (size_t)n;
    const char *end = l->fhir ? "\n\r\n" : "\x1c\r"; /* a 201 has no body */
    size_t nend = strlen(end);
    if (p->n < nend || memcmp(p->answer + p->n - nend, end, nend) != 0)
        return;
    int64_t now = clock_mono_ns();
    check_answer(l, p);
    count(l, now - p->sent_ns);
    p->under_way = false;
    if (may_send(l, now))
        send_next(l, p);
}

static void open_tls(struct load *l)
{
    struct err err;
    if (l->tls_options.ca_file && tls_open(&l->tls_options, &l->tls, &err) < 0) {
        errno = 0;
        die(err.text);
    }
}

/* The socket blocks: one step is the whole handshake. */
static void shake_hands(const struct load *l, struct peer *p)
{
    struct err err;
    errno = 0;
    if (tls_link_open(l->tls, p->fd, NULL, &p->tls, &err) < 0)
        die(err.text);
    if (tls_link_step(p->tls) != TLS_DONE)
        die(tls_link_why(p->tls));
}

static void connect_all(struct load *l)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)l->port)};
    if (inet_pton(AF_INET, l->host, &a.sin_addr) != 1)
        die("--host wants an IPv4 address");
    l->peers = calloc((size_t)l->connections, sizeof(*l->peers));
    l->histogram = calloc(SLOTS, sizeof(*l->histogram));
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!l->peers || !l->histogram || l->epoll < 0)
        die("memory");
    for (int i = 0; i < l->connections; i++) {
        struct peer *p = &l->peers[i];
        int on = 1;
        p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (p->fd < 0 || connect(p->fd, (struct sockaddr *)&a, sizeof(a)))
            die("connect");
        setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        if (l->tls)
            shake_hands(l, p);
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = p};
        epoll_ctl(l->epoll, EPOLL_CTL_ADD, p->fd, &e);
    }
}

static int start_idle(struct load *l)
{
    int under_way = 0;
    for (int i = 0; i < l->connections; i++) {
        if (!l->peers[i].under_way && may_send(l, clock_mono_ns()))
            send_next(l, &l->peers[i]);
        under_way += l->peers[i].under_way;
    }
    return under_way;
}

static bool over(const struct load *l)
{
    return l->messages ? l->next_id - l->first >= l->messages : clock_mono_ns() >= l->end_ns;
}

static void drive(struct load *l)
{
    struct epoll_event e[EVENTS];
    int64_t idle_since = clock_mono_ms();
    l->begin_ns = clock_mono_ns();
    l->end_ns = l->begin_ns + (int64_t)(l->seconds * 1e9);
    while (start_idle(l) || !over(l)) {
        int n = epoll_wait(l->epoll, e, EVENTS, l->rate > 0 ? 1 : 1000);
        for (int i = 0; i < n; i++)
            on_readable(l, e[i].data.ptr);
        if (n > 0)
            idle_since = clock_mono_ms();
        errno = 0;
        if (l->rate <= 0 && clock_mono_ms() - idle_since > 30000)
            die("no answer for 30 s");
    }
    l->end_ns = clock_mono_ns();
}

static long percentile(const struct load *l, double part)
{
    long wanted = (long)(part * (double)l->answered), seen = 0;
    for (long us = 0; us < SLOTS; us++) {
        seen += l->histogram[us];
        if (seen > wanted)
            return us;
    }
    return SLOTS;
}

/* User and system time of the process so far; 0 without one. */
static double cpu_seconds(int pid)
{
    char path[64], text[1024];
    unsigned long user, system;
    if (!pid)
        return 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
    if (f)
        fclose(f);
    text[n] = '\0';
    const char *behind = strrchr(text, ')'); /* the name may hold anything */
    if (!behind || sscanf(behind + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                          &system) != 2)
        die("--pid: no such process");
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static int usage(void)
{
    fprintf(stderr, "usage: mllp_load --port N [--host ADDRESS] [--connections N] [--seconds S | "
                    "--messages M] [--rate PER_SECOND] [--pid PID] [--first N] [--stamps FILE] "
                    "[--ca FILE --cert FILE --key FILE] [--fhir BASE]\n");
    return 64;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},     {"host", required_argument, NULL, 'h'},
        {"seconds", required_argument, NULL, 's'},  {"connections", required_argument, NULL, 'c'},
        {"messages", required_argument, NULL, 'm'}, {"rate", required_argument, NULL, 'r'},
        {"pid", required_argument, NULL, 'i'},      {"first", required_argument, NULL, 'f'},
        {"stamps", required_argument, NULL, 't'},   {"ca", required_argument, NULL, 'A'},
        {"cert", required_argument, NULL, 'C'},     {"key", required_argument, NULL, 'K'},
        {"fhir", required_argument, NULL, 'F'},     {0}};
    struct load l = {.host = "127.0.0.1", .connections = 64, .seconds = 5};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 'p':
            l.port = atoi(optarg);
            break;
        case 'h':
            l.host = optarg;
            break;
        case 'c':
            l.connections = atoi(optarg);
            break;
        case 's':
            l.seconds = atof(optarg);
            break;
        case 'm':
            l.messages = atol(optarg);
            break;
        case 'r':
            l.rate = atof(optarg);
            break;
        case 'F':
            l.fhir = optarg;
            break;
        case 'i':
            l.pid = atoi(optarg);
            break;
        case 'f':
            l.first = atol(optarg);
            break;
        case 't':
            if (!(l.stamps = stamps_map(optarg)))
                die("--stamps");
            break;
        case 'A':
            l.tls_options.ca_file = optarg;
            break;
        case 'C':
            l.tls_options.cert_file = optarg;
            break;
        case 'K':
            l.tls_options.key_file = optarg;
            break;
        default:
            return usage();
        }
    }
    if (l.port <= 0 || l.connections <= 0 || optind != argc ||
        !l.tls_options.cert_file != !l.tls_options.key_file ||
        (l.tls_options.cert_file && !l.tls_options.ca_file))
        return usage();
    open_tls(&l);
    l.next_id = l.first;
    connect_all(&l);
    double before = cpu_seconds(l.pid);
    drive(&l);
    double cpu = cpu_seconds(l.pid) - before, seconds = (double)(l.end_ns - l.begin_ns) / 1e9;
    printf(
        "messages %ld seconds %.2f rate %.0f p50_us %ld p99_us %ld max_us %ld cpu_seconds %.2f\n",
        l.answered, seconds, (double)l.answered / seconds, percentile(&l, 0.5),
        percentile(&l, 0.99), l.max_us, cpu);
    return 0;
}
