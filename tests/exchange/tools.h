/* Tools for tests of exchanges. */
#ifndef MCPS_TESTS_TOOLS_H
#define MCPS_TESTS_TOOLS_H

#include <mcps/tool.h>

/* Ends with an entry without a name:
 *
 *   count {scope, by}      add to "n", say the sum
 *   put {key, value}       and get, delete {key}, of a session
 *   fail_after_put {how}   puts "n", then fails: "tool", "invalid", "gone", ...
 *   echo {text, times}     quick
 *   quick_state            quick, tries state
 *   structured             an object
 *   whoami                 subject, origin and incarnation
 *   raw                    takes any object, says it
 */
extern const mcps_tool test_tools[];

#endif
