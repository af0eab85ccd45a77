/* Lines of Forwarded ("F...") and X-Forwarded-For ("X...") as a trusted proxy
 * passes them on. Whatever a client sends, it is not believed: what the proxy
 * appends to it names the client, or nobody does. X-Forwarded-For is read once
 * more here, from its right end. */
#include "fuzz/target.h"

#include "http/forwarded.h"

#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 16, JOINED_MAX = 4096 };

/* A line in memory of its own, so that a sanitizer sees one byte too far. */
struct line {
	enum forwarded_header header;
	char *value;
	size_t length;
};

static struct line lines[LINES_MAX];
static size_t line_count;
static struct trusted_proxies proxies;
static struct address proxy, client;

static void prepare(void)
{
	static const char *const texts[] = { "10.0.0.0/8", "2001:db8:f::/48",
		                             "unix", NULL };

	if (proxies.count != 0)
		return;
	require(mcps__proxies_init(&proxies, texts) == MCPS_OK);
	require(mcps__address_parse(&proxy, "10.1.1.1"));
	require(mcps__address_parse(&client, "203.0.113.9"));
}

/* ---- lines ---- */

static void read_lines(const uint8_t *data, size_t size)
{
	line_count = 0;
	while (size > 0 && line_count < LINES_MAX) {
		const uint8_t *feed = memchr(data, '\n', size);
		size_t length = feed != NULL ? (size_t)(feed - data) : size;
		struct line *line = &lines[line_count];

		if (length > 0) {
			line->header =
				data[0] == 'F'
					? FORWARDED_HEADER_FORWARDED
					: FORWARDED_HEADER_X_FORWARDED_FOR;
			line->length = length - 1;
			line->value = malloc(line->length + 1);
			require(line->value != NULL);
			memcpy(line->value, data + 1, line->length);
			line_count++;
		}
		length += feed != NULL;
		data += length;
		size -= length;
	}
}

static void free_lines(void)
{
	for (size_t i = 0; i < line_count; i++)
		free(lines[i].value);
}

/* ---- asking ---- */

static void add(struct forwarded *forwarded, enum forwarded_header header,
                const char *text)
{
	mcps__forwarded_add(forwarded, header, text, strlen(text));
}

/* The lines of one header, or of both (FORWARDED_HEADER_COUNT). */
static struct forwarded take_in(const struct address *peer,
                                enum forwarded_header header)
{
	struct forwarded forwarded;

	mcps__forwarded_begin(&forwarded, &proxies, peer);
	for (size_t i = 0; i < line_count; i++)
		if (header == FORWARDED_HEADER_COUNT ||
		    lines[i].header == header)
			mcps__forwarded_add(&forwarded, lines[i].header,
			                    lines[i].value, lines[i].length);
	return forwarded;
}

static struct http_client client_of(const struct forwarded *forwarded)
{
	struct http_client out;

	mcps__forwarded_client(forwarded, &proxy, &out);
	require(out.kind == CLIENT_FORWARDED || out.kind == CLIENT_PROXY);
	require((out.kind == CLIENT_PROXY) ==
	        mcps__proxies_have(&proxies, &out.address));
	return out;
}

static bool is_client(const struct http_client *out)
{
	return out->kind == CLIENT_FORWARDED &&
	       mcps__address_is_equal(&out->address, &client);
}

static bool is_nobody(const struct http_client *out)
{
	return out->kind == CLIENT_FORWARDED &&
	       out->address.family == ADDRESS_UNKNOWN;
}

/* ---- what holds ---- */

static void check_untrusted(void)
{
	struct forwarded forwarded = take_in(&client, FORWARDED_HEADER_COUNT);
	struct http_client out;

	mcps__forwarded_client(&forwarded, &client, &out);
	require(out.kind == CLIENT_REMOTE);
	require(mcps__address_is_equal(&out.address, &client));
}

/* A line of the proxy's own always says who it is. */
static void check_line(enum forwarded_header header, const char *text)
{
	struct forwarded forwarded = take_in(&proxy, header);
	struct http_client out;

	add(&forwarded, header, text);
	out = client_of(&forwarded);
	require(is_client(&out));
	add(&forwarded, header,
	    header == FORWARDED_HEADER_FORWARDED ? "for=10.2.2.2" : "10.2.2.2");
	out = client_of(&forwarded);
	require(is_client(&out));
}

/* An address that is appended to the last line is the client's, too, unless the
 * client has garbled that line. X-Forwarded-For cannot be garbled. */
static void check_appended(enum forwarded_header header, const char *text)
{
	static char joined[JOINED_MAX];
	struct forwarded forwarded;
	struct http_client out;

	for (size_t i = 0; i < line_count; i++) {
		if (lines[i].header != header ||
		    lines[i].length + strlen(text) >= sizeof joined)
			continue;
		memcpy(joined, lines[i].value, lines[i].length);
		memcpy(joined + lines[i].length, text, strlen(text));
		mcps__forwarded_begin(&forwarded, &proxies, &proxy);
		mcps__forwarded_add(&forwarded, header, joined,
		                    lines[i].length + strlen(text));
		out = client_of(&forwarded);
		require(is_client(&out) ||
		        (header == FORWARDED_HEADER_FORWARDED &&
		         is_nobody(&out)));
	}
}

/* With both headers it is the client, if both say so, or nobody. */
static void check_both(void)
{
	struct forwarded forwarded = take_in(&proxy, FORWARDED_HEADER_COUNT);
	struct http_client out;

	add(&forwarded, FORWARDED_HEADER_X_FORWARDED_FOR, "203.0.113.9");
	out = client_of(&forwarded);
	require(is_client(&out) || is_nobody(&out));
	add(&forwarded, FORWARDED_HEADER_FORWARDED, "for=203.0.113.9");
	out = client_of(&forwarded);
	require(is_client(&out));
}

/* ---- X-Forwarded-For, from the right ---- */

static size_t join(char *out, size_t size)
{
	size_t length = 0;

	for (size_t i = 0; i < line_count; i++) {
		if (lines[i].header != FORWARDED_HEADER_X_FORWARDED_FOR ||
		    length + lines[i].length + 1 >= size)
			continue;
		memcpy(out + length, lines[i].value, lines[i].length);
		length += lines[i].length;
		out[length++] = ',';
	}
	return length;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct http_client read_from_right(const char *text, size_t length)
{
	struct http_client out = { proxy, CLIENT_PROXY };

	while (length > 0) {
		size_t begin = length, end = length;

		while (begin > 0 && text[begin - 1] != ',')
			begin--;
		length = begin > 0 ? begin - 1 : 0;
		while (begin < end && is_blank(text[begin]))
			begin++;
		while (end > begin && is_blank(text[end - 1]))
			end--;
		if (begin == end)
			continue;
		mcps__forwarded_node(&out.address, text + begin, end - begin);
		if (mcps__proxies_have(&proxies, &out.address))
			continue;
		out.kind = CLIENT_FORWARDED;
		break;
	}
	return out;
}

static void check_list(void)
{
	static char joined[JOINED_MAX];
	size_t length = join(joined, sizeof joined);
	struct forwarded forwarded;
	struct http_client out, wanted = read_from_right(joined, length);

	mcps__forwarded_begin(&forwarded, &proxies, &proxy);
	mcps__forwarded_add(&forwarded, FORWARDED_HEADER_X_FORWARDED_FOR,
	                    joined, length);
	out = client_of(&forwarded);
	require(out.kind == wanted.kind);
	require(mcps__address_is_equal(&out.address, &wanted.address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct forwarded forwarded;

	prepare();
	read_lines(data, size);
	forwarded = take_in(&proxy, FORWARDED_HEADER_COUNT);
	(void)client_of(&forwarded);
	check_untrusted();
	check_line(FORWARDED_HEADER_FORWARDED, "for=203.0.113.9");
	check_line(FORWARDED_HEADER_X_FORWARDED_FOR, "203.0.113.9");
	check_appended(FORWARDED_HEADER_FORWARDED, ", for=203.0.113.9");
	check_appended(FORWARDED_HEADER_FORWARDED,
	               ", for=\"203.0.113.9:80\";proto=\"https\"");
	check_appended(FORWARDED_HEADER_X_FORWARDED_FOR, ", 203.0.113.9");
	check_both();
	check_list();
	free_lines();
	return 0;
}
