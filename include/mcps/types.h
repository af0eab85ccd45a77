/* The handles that more than one header speaks of. */
#ifndef MCPS_TYPES_H
#define MCPS_TYPES_H

typedef struct mcps_server mcps_server; /* thread-safe once started */
typedef struct mcps_call mcps_call;     /* borrowed: dies with the handler */

#endif
