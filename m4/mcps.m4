# Probes of this project. Each flag is asked of the compiler itself, so that
# a newer or older one builds with what it knows.

# MCPS_COMPILER_FLAGS(VARIABLE, FLAG...)
# Append to VARIABLE each FLAG that $CC compiles with.
AC_DEFUN([MCPS_COMPILER_FLAGS],
[for mcps_flag in $2; do
  AS_VAR_PUSHDEF([mcps_cached], [mcps_cv_compiler_$mcps_flag])dnl
  AC_CACHE_CHECK([whether $CC accepts $mcps_flag], [mcps_cached],
    [mcps_saved=$CFLAGS
     CFLAGS="$CFLAGS -Werror $mcps_flag"
     AC_COMPILE_IFELSE([AC_LANG_SOURCE([[int main(void) { return 0; }]])],
       [AS_VAR_SET([mcps_cached], [yes])],
       [AS_VAR_SET([mcps_cached], [no])])
     CFLAGS=$mcps_saved])
  AS_VAR_IF([mcps_cached], [yes], [AS_VAR_APPEND([$1], [" $mcps_flag"])])
  AS_VAR_POPDEF([mcps_cached])dnl
done])

# MCPS_WIDE_TYPE(VARIABLE, TYPE, FLAG)
# Append to VARIABLE the FLAG for the preprocessor, if TYPE has fewer than 64
# bits without it and 64 with it. Sets mcps_wide to no if 64 bits cannot be had.
# AC_SYS_LARGEFILE and AC_SYS_YEAR2038 would write into config.h, which the
# sources do not include, and older versions of Autoconf lack the second one.
AC_DEFUN([MCPS_WIDE_TYPE],
[AC_MSG_CHECKING([how $2 gets 64 bits])
mcps_wide=no
mcps_saved=$CPPFLAGS
for mcps_flag in "" "$3"; do
  AS_IF([test $mcps_wide = yes], [break])
  CPPFLAGS="$mcps_saved $$1 $mcps_flag"
  AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
#include <sys/types.h>
int wide[sizeof($2) >= 8 ? 1 : -1];
int main(void) { return 0; }]])],
    [mcps_wide=yes
     mcps_found=$mcps_flag])
done
CPPFLAGS=$mcps_saved
AS_IF([test $mcps_wide = no], [AC_MSG_RESULT([not at all])],
  [test -z "$mcps_found"], [AC_MSG_RESULT([it has them])],
  [AC_MSG_RESULT([$mcps_found])
   AS_VAR_APPEND([$1], [" $mcps_found"])])])

# MCPS_ATOMICS: some processors have no atomic operations of 64 bits. There the
# compiler calls functions of libatomic, which are added to LIBS.
AC_DEFUN([MCPS_ATOMICS],
[AC_MSG_CHECKING([which library has atomics of 64 bits])
mcps_atomics=no
mcps_saved=$LIBS
for mcps_library in "" -latomic; do
  AS_IF([test $mcps_atomics = yes], [break])
  LIBS="$mcps_library $mcps_saved"
  AC_LINK_IFELSE([AC_LANG_SOURCE([[
#include <stdatomic.h>
#include <stdint.h>
static _Atomic int64_t number;
int main(void)
{
  int64_t seen = atomic_fetch_add(&number, 1);
  atomic_store(&number, atomic_load(&number) + seen);
  return !atomic_compare_exchange_strong(&number, &seen, 0);
}]])],
    [mcps_atomics=yes
     mcps_found=$mcps_library])
done
AS_IF([test $mcps_atomics = no],
  [AC_MSG_RESULT([not found])
   AC_MSG_ERROR([$CC has no atomic operations of 64 bits; is libatomic missing?])],
  [AC_MSG_RESULT([${mcps_found:-none is needed}])])])

# MCPS_LINKER_FLAGS(VARIABLE, FLAG...)
# Append to VARIABLE each FLAG that $CC links with.
AC_DEFUN([MCPS_LINKER_FLAGS],
[for mcps_flag in $2; do
  AS_VAR_PUSHDEF([mcps_cached], [mcps_cv_linker_$mcps_flag])dnl
  AC_CACHE_CHECK([whether $CC links with $mcps_flag], [mcps_cached],
    [mcps_saved=$LDFLAGS
     LDFLAGS="$LDFLAGS $mcps_flag"
     AC_LINK_IFELSE([AC_LANG_SOURCE([[int main(void) { return 0; }]])],
       [AS_VAR_SET([mcps_cached], [yes])],
       [AS_VAR_SET([mcps_cached], [no])])
     LDFLAGS=$mcps_saved])
  AS_VAR_IF([mcps_cached], [yes], [AS_VAR_APPEND([$1], [" $mcps_flag"])])
  AS_VAR_POPDEF([mcps_cached])dnl
done])

# MCPS_INSTRUMENT(WHAT, FLAGS)
# Link with FLAGS or stop with a sentence that names WHAT; on success they
# are part of SANITIZE_CFLAGS.
AC_DEFUN([MCPS_INSTRUMENT],
[AC_MSG_CHECKING([whether $CC can $1])
mcps_saved=$CFLAGS
CFLAGS="$CFLAGS $2"
AC_LINK_IFELSE([AC_LANG_SOURCE([[int main(void) { return 0; }]])],
  [AC_MSG_RESULT([yes])
   SANITIZE_CFLAGS="$SANITIZE_CFLAGS $2"],
  [AC_MSG_RESULT([no])
   AC_MSG_ERROR([$CC cannot $1 ($2)])])
CFLAGS=$mcps_saved])

# MCPS_NEEDS(VARIABLE, NAME, VERSION, DEBIAN-PACKAGE)
# Ask pkg-config for the module NAME of at least VERSION ("": any); what is
# missing is reported all at once by MCPS_REPORT_MISSING. Sets VARIABLE_FOUND
# for the summary.
AC_DEFUN([MCPS_NEEDS],
[m4_pushdef([mcps_wanted], m4_ifval([$3], [>= $3], [any version]))dnl
$1_FOUND="$($PKG_CONFIG --modversion $2 2>/dev/null || echo none)   (needed: mcps_wanted)"
PKG_CHECK_MODULES([$1], [$2]m4_ifval([$3], [ >= $3]), [],
  [AS_VAR_APPEND([mcps_missing], ["
    $2   mcps_wanted, found: ${$1_FOUND%% *}   (Debian: $4)"])])
m4_popdef([mcps_wanted])dnl
])

AC_DEFUN([MCPS_REPORT_MISSING],
[AS_IF([test -n "$mcps_missing"],
  [AC_MSG_ERROR([these libraries are missing or too old:
$mcps_missing

On Debian, script/bootstrap installs all of them.])])])

# MCPS_HELP_GROUP(TITLE): a heading between the options of --help.
AC_DEFUN([MCPS_HELP_GROUP],
[m4_divert_text([HELP_ENABLE], [
 $1:])])

# MCPS_CXX17(FLAGS): sets have_cxx to yes if CXX makes programs of C++17 with
# these flags, to no otherwise.
AC_DEFUN([MCPS_CXX17],
[AC_MSG_CHECKING([whether $CXX knows C++17])
AC_LANG_PUSH([C++])
mcps_saved=$CXXFLAGS
CXXFLAGS="$CXXFLAGS $1"
AC_LINK_IFELSE([AC_LANG_SOURCE([[
#include <memory>
#include <type_traits>
int main()
{
  auto one = std::make_unique<int>(0);
  static_assert(std::is_invocable_r_v<int, int (*)()>);
  return *one;
}]])],
  [have_cxx=yes], [have_cxx=no])
CXXFLAGS=$mcps_saved
AC_LANG_POP([C++])
AC_MSG_RESULT([$have_cxx])])
