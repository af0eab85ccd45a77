#!/bin/sh
# Words that were given up for a term of the field do not come back. The glossary
# (docs/GLOSSARY.md) has the words that stay.
set -u
cd "${top_srcdir:-.}" || exit 1
words='outlets?|bells?|lookout|inflight|kept_on|rouse[sd]?|send_away'
words="$words|expel(led|s)?|haste|is_tight|log_is_doubtful|heal_due"
words="$words|session_work|catalogues?|verdicts?|settle[sd]?|settling|births?"
words="$words|bury|buried|shelf|mcps_logs|mcps_admit_again"

# Decisions and changes are history, and this file names them.
found=$(grep -rnIwE "$words" lib include demo-server examples packaging docs \
	README.md tests script --include='*.[ch]' --include='*.hpp' \
	--include='*.cpp' --include='*.md' --include='*.sh' --include='*.mjs' \
	--exclude-dir=node_modules --exclude-dir=adr --exclude-dir=api \
	--exclude=CHANGELOG.md --exclude=PERFORMANCE.md --exclude=words.sh |
	grep -v 'adr/0010-catalogues.md')
[ -z "$found" ] || {
	echo "$found"
	exit 1
}
