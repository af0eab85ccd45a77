/* Macros that mark public symbols, and attributes that compilers understand. */
#ifndef MCPS_EXPORT_H
#define MCPS_EXPORT_H

#if defined(__GNUC__)
#define MCPS_API      __attribute__((visibility("default")))
#define MCPS_MUST_USE __attribute__((warn_unused_result))
#define MCPS_PRINTF(format_at, first_at) \
	__attribute__((format(printf, format_at, first_at)))
#else
#define MCPS_API
#define MCPS_MUST_USE
#define MCPS_PRINTF(format_at, first_at)
#endif

#ifdef __cplusplus
#define MCPS_BEGIN_DECLS extern "C" {
#define MCPS_END_DECLS   }
#else
#define MCPS_BEGIN_DECLS
#define MCPS_END_DECLS
#endif

#endif
