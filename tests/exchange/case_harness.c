#include "exchange/case_harness.h"

struct harness harness;
const char *the_id;
