/* How many connections the process can hold. */
#ifndef MCPS_MHD_LIMITS_H
#define MCPS_MHD_LIMITS_H

/* Raise the limit of descriptors as far as allowed. */
void mcps__limits_raise(void);

/* WANTED, or what the limit of descriptors leaves beside those of the store,
 * the loops and the program: running out of them in accept() is to be the
 * exception. At least 1. */
unsigned mcps__limits_connections(unsigned wanted);

#endif
