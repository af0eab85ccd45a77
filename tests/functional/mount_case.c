#include "functional/mount_case.h"

#include <mcps/mhd.h>
#include <stdio.h>
#include <time.h>

#define HELLO "GET /hello HTTP/1.1\r\n" WIRE_HOST "\r\n"

const char *mode_name;

void mount_start_with(int mode, struct mcps_server_options options)
{
	options.size = sizeof options;
	options.workers = MOUNT_WORKERS;
	options.max_workers_per_caller = MOUNT_WORKERS;
	if (mode == host_mode_count) {
		mode_name = "mcps_daemon";
		wire_start_on(2, WIRE_ANONYMOUS, &options);
		return;
	}
	mode_name = host_modes[mode].name;
	wire_start_server(WIRE_ANONYMOUS, &options);
	host_start(&(const struct host_options){ .mode = &host_modes[mode] });
}

void mount_stop(void)
{
	wire_release();
	if (host_daemon() != NULL) {
		ck_assert_msg(host_drain(MOUNT_DRAIN_MS), "%s", mode_name);
		host_stop();
		ck_assert_msg(host_open_pages() == 0, "%s: %u pages", mode_name,
		              host_open_pages());
	}
	wire_stop();
}

struct reply say_hello(struct wire *wire)
{
	wire_text(wire, HELLO);
	return wire_read(wire);
}

struct reply echo(struct wire *wire, const char *text)
{
	char head[128];

	snprintf(head, sizeof head,
	         "POST /echo HTTP/1.1\r\n" WIRE_HOST
	         "Content-Length: %zu\r\n\r\n",
	         strlen(text));
	wire_text(wire, head);
	wire_text(wire, text);
	return wire_read(wire);
}

bool mount_falls_to(unsigned requests)
{
	const struct timespec moment = { 0, 2000000 };
	time_t end = time(NULL) + WIRE_DEADLINE_S;

	while (mcps_mhd_open_requests(wire_server()) != requests) {
		if (time(NULL) >= end)
			return false;
		nanosleep(&moment, NULL);
	}
	return true;
}
