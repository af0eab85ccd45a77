/* The library for C++17: field tables of structs, tools that are lambdas, and
 * a server that frees itself. This header needs no library of its own.
 *
 *     struct greeting {
 *             const char *name;
 *             int64_t times;
 *     };
 *
 *     mcps::server server("hello", "1.0.0");
 *     mcps_tool tool{};
 *     tool.name = "greet";
 *     server.add_tool(
 *             tool,
 *             mcps::fields{
 *                     mcps::field(&greeting::name, "name", "Whom to greet"),
 *                     mcps::field(&greeting::times, "times", "How often")
 *                             .default_json("1")
 *                             .range(1, 10),
 *             },
 *             [&people](mcps_call *call, const greeting &in) {
 *                     if (!people.knows(in.name))
 *                             throw mcps::error("I do not know that name");
 *                     return mcps_text(call, "Hello, %s!", in.name);
 *             });
 *     server.start();
 *
 * Everything else is the C interface, which C++ calls as it is, with
 * server.get() as the server. Its structs are filled member by member, from
 * {}; the functions here set what the macros of C set (size, args_size, mark,
 * struct_size), and fields, run, read, complete and data.
 *
 * Functions. Each addition (the function and all that it captures) is kept
 * until the server is freed, even if it is removed before. Captures by
 * reference must live as long as that: declare it before the server, and the
 * daemon after the server, because objects are destroyed in reverse order.
 * Several threads call it at once (workers; if it is quick, network threads):
 * a lambda that is mutable does not compile, and what it refers to must be safe
 * for threads.
 *
 * Exceptions. None that such a function throws reaches C. The call fails:
 *
 *     mcps::error           its words are told to the client, or the status
 *                           that it has: see there
 *     std::bad_alloc        MCPS_E_NOMEM
 *     anything else         MCPS_E_HANDLER: the client is told "Internal
 *                           error" and no more. The words of std::exception are
 *                           written to the server's log, at most once a minute
 *                           for each function: they may hold what is no
 *                           client's business
 *
 * Functions that a program hands to C itself (options.log, mcps_program.start,
 * the handlers of libmicrohttpd) must not throw.
 */
#ifndef MCPS_MCPS_HPP
#define MCPS_MCPS_HPP

#include <mcps/mcps.h>
#include <mcps/mhd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace mcps
{

/** A failure with its status: thrown by this header, and by handlers.
 *
 * A handler that throws one with MCPS_E_TOOL, which is the default, has failed
 * as by mcps_fail(): its words are for the model. With any other status the
 * client is told what the table of mcps_tool_fn says, and the words are
 * dropped. */
class error : public std::runtime_error
{
public:
	explicit error(const std::string &words) : error(MCPS_E_TOOL, words)
	{
	}
	error(mcps_status status, const std::string &words)
		: std::runtime_error(words), status_(status)
	{
	}
	mcps_status status() const noexcept
	{
		return status_;
	}

private:
	mcps_status status_;
};

/** Throw an error if @p status is not MCPS_OK: for a handler that cannot go on
 * without what a function of C was to do, such as mcps_state_add(). */
inline void check(mcps_status status)
{
	if (status != MCPS_OK)
		throw error(status, mcps_status_text(status));
}

/** A list that ends with a row that is zero, as C wants those of const char *
 * (options.hosts), mcps_icon and mcps_argument. The end is added here. */
template <class Row> class list
{
public:
	list(std::initializer_list<Row> rows) : rows_(rows)
	{
		rows_.push_back(Row{});
	}

	/** Valid as long as the list. */
	const Row *data() const &
	{
		return rows_.data();
	}
	const Row *data() const && = delete;

private:
	std::vector<Row> rows_;
};

/* Nothing in here is for programs. */
namespace detail
{

template <class Member> constexpr mcps_kind kind_of()
{
	if constexpr (std::is_same_v<Member, bool>)
		return MCPS_BOOL;
	else if constexpr (std::is_same_v<Member, std::int64_t>)
		return MCPS_INT;
	else if constexpr (std::is_same_v<Member, double>)
		return MCPS_NUMBER;
	else if constexpr (std::is_same_v<Member, const char *>)
		return MCPS_STRING;
	else
		static_assert(std::is_same_v<Member, struct json_object *>,
		              "an argument is bool, int64_t, double, const "
		              "char * or struct json_object *");
	return MCPS_JSON;
}

/* The name under which a function was added, for its log lines. */
struct source {
	mcps_server *server;
	std::string name;
	std::atomic<std::int64_t> logged_s{ -60 };

	mcps_status log(const char *words) noexcept
	{
		using namespace std::chrono;
		const std::int64_t now_s =
			duration_cast<seconds>(
				steady_clock::now().time_since_epoch())
				.count();
		std::int64_t last_s = logged_s.load();

		if (now_s - last_s >= 60 &&
		    logged_s.compare_exchange_strong(last_s, now_s))
			mcps_server_log(server, MCPS_LOG_ERROR,
			                "%s threw an exception: %s",
			                name.c_str(), words);
		return MCPS_E_HANDLER;
	}

	/* The result of run(), or of what it threw. CALL NULL: it answers no
	 * call. */
	template <class Run>
	mcps_status guard(mcps_call *call, const Run &run) noexcept
	try {
		return run();
	} catch (const error &thrown) {
		if (call != nullptr &&
		    (thrown.status() == MCPS_E_TOOL || thrown.status() >= 0))
			return mcps_fail(call, "%s", thrown.what());
		return thrown.status();
	} catch (const std::bad_alloc &) {
		return MCPS_E_NOMEM;
	} catch (const std::exception &thrown) {
		return log(thrown.what());
	} catch (...) {
		return log("it is no std::exception");
	}
};

/* The data of what is added. */
template <class Run, class Complete = std::nullptr_t> struct entry : source {
	const Run run;
	const Complete complete;
};

template <class Entry> Entry &entry_of(mcps_call *call)
{
	return *static_cast<Entry *>(mcps_call_data(call));
}

} // namespace detail

/** One argument of a tool: a member of @p Args, made like
 * mcps::field(&greeting::name, "name", "Whom to greet"). The members mean what
 * those of mcps_field mean. */
template <class Args> class field
{
	static_assert(std::is_standard_layout_v<Args> &&
	                      std::is_trivially_copyable_v<Args> &&
	                      std::is_trivially_default_constructible_v<Args>,
	              "arguments are a plain struct, without initializers: C "
	              "fills it; a default is told by default_json()");

public:
	/** @param name, description stay valid until the server is freed, as
	 * do all texts that are given here: literals do. @p description may be
	 * NULL. */
	template <class Member>
	field(Member Args::*member, const char *name, const char *description)
	{
		const Args sample{};

		row_.name = name;
		row_.description = description;
		row_.kind = detail::kind_of<Member>();
		row_.offset = static_cast<std::size_t>(
			reinterpret_cast<const char *>(&(sample.*member)) -
			reinterpret_cast<const char *>(&sample));
		row_.mark = MCPS_FIELD_MARK;
		row_.struct_size = sizeof(Args);
	}

	/** The client may leave it out; it is then zero (NULL). */
	field &optional()
	{
		row_.optional = true;
		return *this;
	}

	/** ... and is then @p json: "1", "\"en\"". */
	field &default_json(const char *json)
	{
		row_.default_json = json;
		return optional();
	}

	/** The strings that are allowed. */
	field &enum_values(std::initializer_list<const char *> values)
	{
		values_ = std::make_shared<list<const char *>>(values);
		row_.enum_values = values_->data();
		return *this;
	}

	/** Bounds of a number, inclusive. HUGE_VAL and -HUGE_VAL: no bound. */
	field &range(double minimum, double maximum)
	{
		row_.minimum = minimum;
		row_.maximum = maximum;
		return *this;
	}

	/** Bounds of a string, in Unicode characters. 0: no limit. */
	field &length(std::size_t minimum, std::size_t maximum)
	{
		row_.min_length = minimum;
		row_.max_length = maximum;
		return *this;
	}

	const mcps_field &row() const noexcept
	{
		return row_;
	}

private:
	mcps_field row_{};
	std::shared_ptr<const list<const char *>> values_;
};

/** The arguments of a tool: a field table with its end. */
template <class Args> class fields
{
public:
	fields(std::initializer_list<field<Args>> all) : fields_(all)
	{
		mcps_field end{};

		for (const auto &one : fields_)
			rows_.push_back(one.row());
		end.mark = MCPS_FIELDS_END_MARK;
		rows_.push_back(end);
	}

	/** For C; valid as long as the table. */
	const mcps_field *data() const &
	{
		return rows_.data();
	}
	const mcps_field *data() const && = delete;

private:
	std::vector<field<Args>> fields_; /* own what enum_values points to */
	std::vector<mcps_field> rows_;
};

/**
 * A server, and all that was added to it. It is freed with the object, which
 * waits for handlers that still run; the daemon that serves it must have been
 * stopped by then.
 *
 * It can be moved, also while it serves: the mcps_server stays where it is. An
 * object that was moved from has none.
 *
 * Threads: as in <mcps/server.h>. Set-up belongs to one thread; once started,
 * any thread may add something. Nothing here may be called while the object is
 * moved.
 *
 * Throws: mcps::error where it says so, std::bad_alloc everywhere.
 */
class server
{
public:
	server(const char *name, const char *version)
		: state_(std::make_unique<state>(name, version))
	{
		if (get() == nullptr)
			throw std::bad_alloc();
	}

	/** For functions of C. NULL: moved from, or it was run. */
	mcps_server *get() const noexcept
	{
		return state_ != nullptr ? state_->server : nullptr;
	}

	/** Set options, all of them at once; their size is set here. */
	void configure(mcps_server_options options)
	{
		options.size = sizeof options;
		mcps_server_configure(get(), &options);
	}

	/** Open the store, make or read the key, start the threads: as
	 * mcps_server_start(). Throws an error that says what is wrong, also
	 * with what was added before. */
	void start()
	{
		mcps_error why = {};
		const mcps_status status = mcps_server_start(get(), &why);

		if (status != MCPS_OK)
			throw error(status, why.text);
	}

	/** Serve by @p daemon of the program's own, as mcps_mhd_attach() with
	 * the same parameters. Throws an error that says what to change. */
	void attach(struct MHD_Daemon *daemon, mcps_mhd_wake_fn wake = nullptr,
	            void *arg = nullptr)
	{
		mcps_error why = {};
		const mcps_status status =
			mcps_mhd_attach(get(), daemon, wake, arg, &why);

		if (status != MCPS_OK)
			throw error(status, why.text);
	}

	/**
	 * Run it as a program until SIGTERM or SIGINT, and free it: as
	 * mcps_program_main(), which is in libmcps-app.
	 *
	 * @return the exit code for main()
	 */
	int run(int argc, char **argv, const mcps_program *program = nullptr)
	{
		mcps_server *taken = std::exchange(state_->server, nullptr);

		return mcps_program_main(taken, program, argc, argv);
	}

	/**
	 * Add a tool, as mcps_server_add_tool().
	 *
	 * @param handler  mcps_status(mcps_call *, const Args &); the arguments
	 * die with the call
	 * @return as mcps_server_add_tool(). Before start() it need not be
	 *         looked at, because start() tells
	 */
	template <class Args, class Run>
	mcps_status add_tool(mcps_tool tool, const fields<Args> &arguments,
	                     Run handler)
	{
		using entry = detail::entry<Run>;

		static_assert(std::is_invocable_r_v<mcps_status, const Run &,
		                                    mcps_call *, const Args &>,
		              "a tool runs mcps_status(mcps_call *, const "
		              "Args &), and is not mutable");
		tool.size = sizeof tool;
		tool.args_size = sizeof(Args);
		tool.fields = keep(new fields<Args>(arguments))->data();
		tool.data = add_entry("tool", tool.name, std::move(handler));
		tool.run = [](mcps_call *call, const void *args) noexcept {
			auto &self = detail::entry_of<entry>(call);

			return self.guard(call, [&] {
				return self.run(
					call, *static_cast<const Args *>(args));
			});
		};
		return mcps_server_add_tool(get(), &tool);
	}

	/** Add a tool without arguments.
	 * @param handler  mcps_status(mcps_call *) */
	template <class Run> mcps_status add_tool(mcps_tool tool, Run handler)
	{
		struct none {
			char unused;
		};

		static_assert(std::is_invocable_r_v<mcps_status, const Run &,
		                                    mcps_call *>,
		              "a tool without arguments runs "
		              "mcps_status(mcps_call *), and is not mutable");
		return add_tool(tool, fields<none>{},
		                [handler = std::move(handler)](mcps_call *call,
		                                               const none &) {
					return handler(call);
				});
	}

	/** Add a resource that holds a text or bytes, as
	 * mcps_server_add_resource(). */
	mcps_status add_resource(mcps_resource resource)
	{
		resource.size = sizeof resource;
		return mcps_server_add_resource(get(), &resource);
	}

	/** Add a resource that is read.
	 * @param read  mcps_status(mcps_call *, const char *uri) */
	template <class Read>
	mcps_status add_resource(mcps_resource resource, Read read)
	{
		resource.data =
			add_entry("resource", resource.uri, std::move(read));
		resource.read = read_of<detail::entry<Read>>();
		return add_resource(resource);
	}

	/** Add a template, as mcps_server_add_template().
	 * @param read      as that of a resource
	 * @param complete  mcps_status(mcps_call *, const char *name, const
	 *                  char *value); may be nullptr */
	template <class Read, class Complete = std::nullptr_t>
	mcps_status add_template(mcps_template added, Read read,
	                         Complete complete = nullptr)
	{
		using entry = detail::entry<Read, Complete>;

		added.size = sizeof added;
		added.data = add_entry("template", added.uri_template,
		                       std::move(read), std::move(complete));
		added.read = read_of<entry>();
		added.complete = complete_of<entry>();
		return mcps_server_add_template(get(), &added);
	}

	/** Add a prompt, as mcps_server_add_prompt().
	 * @param handler      mcps_status(mcps_call *)
	 * @param complete  as that of a template */
	template <class Run, class Complete = std::nullptr_t>
	mcps_status add_prompt(mcps_prompt prompt, Run handler,
	                       Complete complete = nullptr)
	{
		using entry = detail::entry<Run, Complete>;

		prompt.size = sizeof prompt;
		prompt.data =
			add_entry("prompt", prompt.name, std::move(handler),
		                  std::move(complete));
		prompt.run = [](mcps_call *call) noexcept {
			auto &self = detail::entry_of<entry>(call);

			return self.guard(call, [&] { return self.run(call); });
		};
		prompt.complete = complete_of<entry>();
		return mcps_server_add_prompt(get(), &prompt);
	}

	/** Identify callers, as mcps_server_set_auth(). An exception of
	 * another kind than mcps::error, whose status counts, is 500.
	 * @param identify  mcps_status(const mcps_request *, mcps_grant *) */
	template <class Identify> void set_auth(Identify identify)
	{
		using entry = detail::entry<Identify>;

		mcps_server_set_auth(
			get(),
			[](void *arg, const mcps_request *request,
		           mcps_grant *grant) noexcept {
				auto &self = *static_cast<entry *>(arg);

				return self.guard(nullptr, [&] {
					return self.run(request, grant);
				});
			},
			add_entry("hook", "auth", std::move(identify)));
	}

private:
	struct state {
		state(const char *name, const char *version)
			: server(mcps_server_new(name, version))
		{
		}
		state(const state &) = delete;
		state &operator=(const state &) = delete;
		~state() /* the server first: handlers may run until then */
		{
			mcps_server_free(server);
		}

		mcps_server *server;
		std::mutex mutex; /* of kept */
		std::vector<std::shared_ptr<void>> kept;
	};

	template <class Kept> Kept *keep(Kept *taken)
	{
		std::shared_ptr<void> kept(std::unique_ptr<Kept>{ taken });
		const std::lock_guard<std::mutex> lock(state_->mutex);

		state_->kept.push_back(std::move(kept));
		return taken;
	}

	template <class Run, class Complete = std::nullptr_t>
	void *add_entry(const char *kind, const char *name, Run handler,
	                Complete complete = nullptr)
	{
		const std::string title =
			std::string(kind) + " \"" + (name ? name : "") + '"';

		return keep(new detail::entry<Run, Complete>{
			{ get(), title },
			std::move(handler),
			std::move(complete),
		});
	}

	template <class Entry> static mcps_read_fn read_of()
	{
		return [](mcps_call *call, const char *uri) noexcept {
			auto &self = detail::entry_of<Entry>(call);

			return self.guard(call,
			                  [&] { return self.run(call, uri); });
		};
	}

	template <class Entry> static mcps_complete_fn complete_of()
	{
		if constexpr (std::is_same_v<decltype(Entry::complete),
		                             const std::nullptr_t>)
			return nullptr;
		else
			return [](mcps_call *call, const char *name,
			          const char *value) noexcept {
				auto &self = detail::entry_of<Entry>(call);

				return self.guard(call, [&] {
					return self.complete(call, name, value);
				});
			};
	}

	std::unique_ptr<state> state_;
};

} // namespace mcps

#endif
