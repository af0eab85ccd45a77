#include "mhd/mode.h"

#include "base/error.h"

#include <microhttpd.h>
#include <stdio.h>

static bool mode_has_flag(unsigned flags, unsigned wanted)
{
	return (flags & wanted) == wanted;
}

bool mcps__mode_forgets(const char *version, unsigned flags)
{
	unsigned major = 0, minor = 0, patch = 0;

	if (mode_has_flag(flags, MHD_USE_POLL) ||
	    mode_has_flag(flags, MHD_USE_EPOLL) ||
	    mode_has_flag(flags, MHD_USE_THREAD_PER_CONNECTION) ||
	    sscanf(version, "%u.%u.%u", &major, &minor, &patch) != 3)
		return false;
	return major == 1 && minor == 0 && patch < 3;
}

/* libmicrohttpd takes back MHD_USE_ITC, which is part of the flag that allows
 * to suspend, where it has no thread. In thread per connection a suspended
 * connection is never looked at again (measured with 0.9.75), so its thread
 * waits, whatever the flag says. */
mcps_status mcps__mode_read(struct mode *out, struct MHD_Daemon *daemon,
                            bool has_wake, struct mcps_error *error)
{
	mcps_status status = MCPS_OK;
	unsigned flags;

	if (daemon == NULL)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "there is no daemon to attach to: did "
		                  "MHD_start_daemon() fail?");
	flags = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_FLAGS)->flags;
	if (mode_has_flag(flags, MHD_USE_THREAD_PER_CONNECTION)) {
		*out = (struct mode){ .has_thread = true, .blocks = true };
		return MCPS_OK;
	}
	*out = (struct mode){
		.has_thread =
			mode_has_flag(flags, MHD_USE_INTERNAL_POLLING_THREAD),
		.may_oversleep =
			mode_has_flag(flags, MHD_USE_EPOLL_INTERNAL_THREAD),
		.may_forget = mcps__mode_forgets(MHD_get_version(), flags),
	};
	if (!mode_has_flag(flags, MHD_ALLOW_SUSPEND_RESUME & ~MHD_USE_ITC))
		status = mcps__fail_also(error, status,
		                         "start the daemon with "
		                         "MHD_ALLOW_SUSPEND_RESUME: requests "
		                         "wait for tools and for the store");
	if (!out->has_thread && !has_wake)
		status = mcps__fail_also(error, status,
		                         "give mcps_mhd_attach() a wake "
		                         "function: nothing else tells a "
		                         "program that calls MHD_run() itself "
		                         "when to");
	return status;
}
