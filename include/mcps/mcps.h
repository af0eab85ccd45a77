/* Everything but the store back-end interface and <mcps/mhd.h>, which is for
 * programs with a libmicrohttpd daemon of their own. <mcps/mcps.hpp> has both
 * for C++17. */
#ifndef MCPS_MCPS_H
#define MCPS_MCPS_H

#include <mcps/admit.h>
#include <mcps/app.h>
#include <mcps/auth.h>
#include <mcps/call.h>
#include <mcps/content.h>
#include <mcps/daemon.h>
#include <mcps/log.h>
#include <mcps/prompt.h>
#include <mcps/resource.h>
#include <mcps/server.h>
#include <mcps/session.h>
#include <mcps/state.h>
#include <mcps/status.h>
#include <mcps/store.h>
#include <mcps/tool.h>

#endif
