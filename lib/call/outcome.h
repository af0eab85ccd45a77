/* The outcome of a call, decided by the steps that came before its handler
 * was over. Pure. */
#ifndef MCPS_CALL_OUTCOME_H
#define MCPS_CALL_OUTCOME_H

enum call_outcome {
	OUTCOME_ANSWER,   /* what its handler says */
	OUTCOME_SILENCE,  /* nothing: its client cancelled it */
	OUTCOME_GONE,     /* not carried out: its session had ended */
	OUTCOME_STOPPING, /* not carried out: the server stops */
	OUTCOME_UNKNOWN,  /* the handler ran when one of the two happened */
};

/* STEPS: enum call_step, as they were when the handler returned. */
enum call_outcome mcps__call_outcome(unsigned steps);

#endif
