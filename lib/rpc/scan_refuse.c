/* The refusal that all parts of the pass share: what is wrong, and where. */
#include "rpc/scan_internal.h"

#include "base/error.h"

bool mcps__pass_refuse(struct pass *pass, const char *at, const char *what)
{
	pass->status = mcps__fail(pass->error, MCPS_E_PARSE, "%s at byte %zu",
	                          what, (size_t)(at - pass->scan->text));
	return false;
}
