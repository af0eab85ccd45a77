/* The file of the key that signs ids. */
#include "session/keys.h"

#include "session/key_file.h"
#include "suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEX32 "000102030405060708090a0b0c0d0e0f"
#define HEX64 HEX32 "101112131415161718191a1b1c1d1e1f"
#define OTHER "ff" HEX32 "101112131415161718191a1b1c1d1e"

static char directory[64];
static char path[128];
static struct key_file file;
static struct mcps_error error;
static char warnings[512];

static void on_log(void *arg, enum mcps_log_level level, const char *module,
                   const char *text)
{
	(void)arg, (void)module;
	ck_assert_int_eq(level, MCPS_LOG_WARN);
	ck_assert_str_eq(warnings, "");
	snprintf(warnings, sizeof warnings, "%s", text);
}

static const struct log_sink log_sink = { on_log, NULL, MCPS_LOG_DEBUG };

static void set_up(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	snprintf(directory, sizeof directory, "/tmp/mcps-keys-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/key", directory);
	memset(&error, 0, sizeof error);
	warnings[0] = '\0';
}

static void tear_down(void)
{
	char fresh[160];

	snprintf(fresh, sizeof fresh, "%s.new", path);
	unlink(fresh);
	unlink(path);
	rmdir(path);
	rmdir(directory);
}

static void write_bytes(const void *bytes, size_t length, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, length), (ssize_t)length);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static void write_text(const char *text)
{
	write_bytes(text, strlen(text), 0600);
}

static mcps_status open_keys(void)
{
	return mcps__keys_open(&file, path, &mcps__system_random, &log_sink,
	                       &error);
}

static void check_refused(mcps_status status)
{
	ck_assert_int_eq(open_keys(), status);
	ck_assert_msg(strstr(error.text, path) != NULL, "%s", error.text);
}

static void note_store(void)
{
	uint8_t store[STORE_NAME_SIZE];

	memset(store, 0xab, sizeof store);
	ck_assert_msg(mcps__keys_note_store(path, store, &error) == MCPS_OK,
	              "%s", error.text);
}

/* The bytes of the file, static. */
static const char *read_back(void)
{
	static char text[2 * KEY_FILE_MAX];
	FILE *stream = fopen(path, "r");
	size_t length;

	ck_assert_ptr_nonnull(stream);
	length = fread(text, 1, sizeof text - 1, stream);
	fclose(stream);
	text[length] = '\0';
	return text;
}

static mode_t mode_of(const char *name)
{
	struct stat about;

	ck_assert_int_eq(stat(name, &about), 0);
	return about.st_mode & 07777;
}

/* ---- made ---------------------------------------------------------------- */

START_TEST(a_missing_file_is_made_for_its_owner_alone)
{
	struct key_file again;

	umask(0);
	ck_assert_int_eq(open_keys(), MCPS_OK);
	ck_assert_uint_eq(mode_of(path), 0600);
	ck_assert(!sodium_is_zero(file.keys.current, ID_KEY_SIZE));
	ck_assert(!file.keys.has_previous);
	again = file;
	ck_assert_int_eq(open_keys(), MCPS_OK);
	ck_assert_mem_eq(again.keys.current, file.keys.current, ID_KEY_SIZE);
}
END_TEST

static struct key_file first_come;

/* While one draws a key, another one is faster. */
static mcps_status draw_slowly(void *arg, void *bytes, size_t length)
{
	(void)arg;
	ck_assert_int_eq(mcps__keys_open(&first_come, path,
	                                 &mcps__system_random, &log_sink,
	                                 &error),
	                 MCPS_OK);
	return mcps__random_fill(&mcps__system_random, bytes, length);
}

START_TEST(of_two_that_make_a_file_both_use_the_key_of_the_first)
{
	const struct random_source slow = { draw_slowly, NULL };

	ck_assert_int_eq(mcps__keys_open(&file, path, &slow, &log_sink, &error),
	                 MCPS_OK);
	ck_assert_mem_eq(file.keys.current, first_come.keys.current,
	                 ID_KEY_SIZE);
	ck_assert_int_eq(open_keys(), MCPS_OK);
	ck_assert_mem_eq(file.keys.current, first_come.keys.current,
	                 ID_KEY_SIZE);
}
END_TEST

START_TEST(nothing_is_left_beside_the_file)
{
	DIR *all;
	int count = 0;

	ck_assert_int_eq(open_keys(), MCPS_OK);
	note_store();
	all = opendir(directory);
	while (readdir(all) != NULL)
		count++;
	closedir(all);
	ck_assert_int_eq(count, 3); /* with "." and ".." */
}
END_TEST

START_TEST(two_new_files_have_different_keys)
{
	struct key_file first;

	ck_assert_int_eq(open_keys(), MCPS_OK);
	first = file;
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(open_keys(), MCPS_OK);
	ck_assert_mem_ne(first.keys.current, file.keys.current, ID_KEY_SIZE);
}
END_TEST

static mcps_status no_entropy(void *arg, void *bytes, size_t length)
{
	(void)arg, (void)bytes, (void)length;
	return MCPS_E_SYSTEM;
}

START_TEST(without_entropy_no_file_is_made)
{
	const struct random_source none = { no_entropy, NULL };

	ck_assert_int_eq(mcps__keys_open(&file, path, &none, &log_sink, &error),
	                 MCPS_E_SYSTEM);
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(a_missing_directory_is_an_error)
{
	snprintf(path, sizeof path, "%s/no/key", directory);
	ck_assert_int_eq(open_keys(), MCPS_E_INVAL);
	snprintf(path, sizeof path, "%s/key", directory);
}
END_TEST

/* ---- written ------------------------------------------------------------- */

#define STORE_LINE "store abababababababababababababababab\n"

/* Lines of an operator, and the same with the store noted. */
static const struct {
	const char *before;
	const char *after;
} noted[] = {
	{ "current " HEX64 "\n", "current " HEX64 "\n" STORE_LINE },
	{ "current " HEX64, "current " HEX64 "\n" STORE_LINE },
	{ "# made by ada\n\n current\t" HEX64
	  "\n# of last year:\nprevious " OTHER "\n#end",
	  "# made by ada\n\n current\t" HEX64
	  "\n# of last year:\nprevious " OTHER "\n#end\n" STORE_LINE },
	{ "# store\n \tstore " HEX32 "\r\ncurrent " HEX64 "\n  # end\n",
	  "# store\n" STORE_LINE "current " HEX64 "\n  # end\n" },
	{ "current " HEX64 "\nstore " HEX32, "current " HEX64 "\n" STORE_LINE },
};

START_TEST(noting_the_store_keeps_every_other_line)
{
	write_text(noted[_i].before);
	note_store();
	ck_assert_str_eq(read_back(), noted[_i].after);
	note_store();
	ck_assert_str_eq(read_back(), noted[_i].after);
	ck_assert_msg(open_keys() == MCPS_OK, "%s", error.text);
	ck_assert_uint_eq(file.store[0], 0xab);
}
END_TEST

START_TEST(noting_the_store_never_makes_a_file_too_long_to_read)
{
	static char text[KEY_FILE_MAX + 1];
	uint8_t store[STORE_NAME_SIZE] = { 1 };

	memset(text, '#', KEY_FILE_MAX);
	memcpy(text, "current " HEX64 "\n", 73);
	write_text(text);
	ck_assert_int_eq(open_keys(), MCPS_OK);
	ck_assert_int_eq(mcps__keys_note_store(path, store, &error),
	                 MCPS_E_INVAL);
	ck_assert_str_eq(read_back(), text);
}
END_TEST

START_TEST(writing_replaces_the_file_and_leaves_nothing_beside_it)
{
	char fresh[160];

	write_text("current " OTHER "\n");
	note_store();
	ck_assert_uint_eq(mode_of(path), 0600);
	snprintf(fresh, sizeof fresh, "%s.new", path);
	ck_assert_int_ne(access(fresh, F_OK), 0);
}
END_TEST

START_TEST(a_leftover_of_a_crash_does_not_matter)
{
	char fresh[160];
	FILE *leftover;

	snprintf(fresh, sizeof fresh, "%s.new", path);
	leftover = fopen(fresh, "w");
	ck_assert_ptr_nonnull(leftover);
	fputs("half a ke", leftover);
	fclose(leftover);
	ck_assert_int_eq(chmod(fresh, 0644), 0);
	ck_assert_int_eq(open_keys(), MCPS_OK);
	ck_assert_uint_eq(mode_of(path), 0600);
}
END_TEST

START_TEST(a_link_where_the_new_file_is_written_is_not_followed)
{
	char fresh[160];
	char target[160];

	snprintf(fresh, sizeof fresh, "%s.new", path);
	snprintf(target, sizeof target, "%s/target", directory);
	ck_assert_int_eq(symlink(target, fresh), 0);
	ck_assert_int_eq(open_keys(), MCPS_OK);
	ck_assert_int_ne(access(target, F_OK), 0);
}
END_TEST

/* ---- refused ------------------------------------------------------------- */

START_TEST(a_file_that_others_can_use_is_refused)
{
	static const mode_t modes[] = { 0640, 0604, 0620, 0601, 0777, 0444 };

	write_bytes("current " HEX64 "\n", 73, modes[_i]);
	if (geteuid() == 0) /* a group that this process is not in */
		ck_assert_int_eq(chown(path, 0, 12345), 0);
	else if ((modes[_i] & S_IRWXO) == 0)
		return;
	check_refused(MCPS_E_PERMISSION);
	ck_assert_ptr_nonnull(strstr(error.text, "chmod 600"));
}
END_TEST

START_TEST(a_file_that_its_owner_can_only_read_is_fine)
{
	write_bytes("current " HEX64 "\n", 73, 0400);
	ck_assert_int_eq(open_keys(), MCPS_OK);
}
END_TEST

/* As a service sees what root made: MODE, of a group that it is in. */
static void give(mode_t mode)
{
	const gid_t group = 12345;

	write_bytes("current " HEX64 "\n", 73, mode);
	ck_assert_int_eq(chown(path, 0, group), 0);
	ck_assert_int_eq(chmod(directory, 0711), 0);
	ck_assert_int_eq(setegid(group), 0);
	ck_assert_int_eq(seteuid(12345), 0);
}

static void take_back(void)
{
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(setegid(0), 0);
}

START_TEST(a_secret_that_root_gave_to_our_group_is_read)
{
	mcps_status status;

	give(0440);
	status = open_keys();
	take_back();
	ck_assert_msg(status == MCPS_OK, "%s", error.text);
	ck_assert_str_eq(warnings, "");
}
END_TEST

/* Kubernetes makes the files of a volume such. */
START_TEST(a_file_that_our_group_can_use_is_read_with_a_warning)
{
	static const mode_t modes[] = { 0460, 0660, 0640 };
	mcps_status status;

	if (modes[_i] == 0640)
		write_bytes("current " HEX64 "\n", 73, modes[_i]);
	else
		give(modes[_i]);
	status = open_keys();
	take_back();
	ck_assert_msg(status == MCPS_OK, "%s", error.text);
	ck_assert_msg(strstr(warnings, modes[_i] == 0640 ? "can read it"
	                                                 : "can change it"),
	              "%s", warnings);
	ck_assert_ptr_nonnull(strstr(warnings, path));
}
END_TEST

START_TEST(a_secret_that_root_gave_to_everybody_is_refused)
{
	static const mode_t modes[] = { 0444, 0464, 0644 };
	mcps_status status;

	give(modes[_i]);
	status = open_keys();
	take_back();
	ck_assert_int_eq(status, MCPS_E_PERMISSION);
}
END_TEST

START_TEST(a_symbolic_link_is_refused)
{
	char target[160];

	write_text("current " HEX64 "\n");
	snprintf(target, sizeof target, "%s/target", directory);
	ck_assert_int_eq(rename(path, target), 0);
	ck_assert_int_eq(symlink(target, path), 0);
	check_refused(MCPS_E_INVAL);
	ck_assert_int_eq(unlink(target), 0);
}
END_TEST

START_TEST(a_directory_is_refused)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
	check_refused(MCPS_E_INVAL);
}
END_TEST

START_TEST(a_pipe_is_refused_and_not_waited_for)
{
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	check_refused(MCPS_E_INVAL);
}
END_TEST

static const char *const garbage[] = {
	"",
	"\n",
	"# a comment\n",
	"garbage\n",
	"current\n",
	"current \n",
	"current 00\n",
	"current " HEX64 "0\n",
	"current " HEX64 "00\n",
	"current 0" HEX64 "\n",
	"current x" HEX32 "101112131415161718191a1b1c1d1e1\n",
	"current "
	"0000000000000000000000000000000000000000000000000000000000000000"
	"\n",
	"Current " HEX64 "\n",
	"previous " HEX64 "\n",
	"current " HEX64 "\nstore " HEX64 "\n",
	"current " HEX64 "\nunknown " HEX64 "\n",
	"current " HEX64 " and more\n",
	"current " HEX64 " # a comment\n",
	"current " HEX64 "\nstore #" HEX32 "\n",
	"current " HEX64 "\nprevious " HEX32 "\n",
	"current" HEX64 "\n",
};

START_TEST(unknown_contents_are_refused_and_left_alone)
{
	char before[512];
	char after[512] = "";
	FILE *stream;

	snprintf(before, sizeof before, "%s", garbage[_i]);
	write_text(before);
	check_refused(MCPS_E_INVAL);
	stream = fopen(path, "r");
	ck_assert_uint_eq(fread(after, 1, sizeof after - 1, stream),
	                  strlen(before));
	fclose(stream);
	ck_assert_str_eq(after, before);
}
END_TEST

START_TEST(a_wrong_line_is_named)
{
	write_text("# mine\ncurrent " HEX64 "\n\nprevious 12\n");
	check_refused(MCPS_E_INVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "line 4"));
}
END_TEST

static const struct {
	const char *text;
	const char *lines;
} doubled[] = {
	{ "current " HEX64 "\n# new\ncurrent " OTHER "\n",
	  "lines 1 and 3 both begin with \"current\"" },
	{ "current " HEX64 "\ncurrent " HEX64 "\n", "lines 1 and 2" },
	{ "previous " HEX64 "\ncurrent " HEX64 "\nprevious " OTHER "\n",
	  "lines 1 and 3 both begin with \"previous\"" },
	{ "store " HEX32 "\nstore " HEX32 "\ncurrent " HEX64 "\n",
	  "lines 1 and 2 both begin with \"store\"" },
};

/* The last one counted, and nobody was told. */
START_TEST(two_lines_of_one_name_are_refused)
{
	write_text(doubled[_i].text);
	check_refused(MCPS_E_INVAL);
	ck_assert_msg(strstr(error.text, doubled[_i].lines) != NULL, "%s",
	              error.text);
}
END_TEST

START_TEST(bytes_after_a_nul_are_not_overlooked)
{
	static const char text[] = "current " HEX64 "\n\0previous x\n";

	write_bytes(text, sizeof text - 1, 0600);
	check_refused(MCPS_E_INVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "line 2"));
	ck_assert_ptr_nonnull(strstr(error.text, "NUL"));
}
END_TEST

START_TEST(no_part_of_a_long_file_is_overlooked)
{
	char text[2048] = "current " HEX64 "\n#";

	memset(text + strlen(text), '.', 1200);
	strcat(text, "\nprevious " OTHER "\n");
	write_text(text);
	if (open_keys() == MCPS_OK)
		ck_assert(file.keys.has_previous);
	else
		ck_assert_ptr_nonnull(strstr(error.text, path));
}
END_TEST

START_TEST(blank_lines_comments_and_capital_digits_are_fine)
{
	uint8_t expected[ID_KEY_SIZE];

	write_text("# mine\n\n  current \t ABCDEF" HEX32
	           "101112131415161718191a1b1c\n  # end");
	ck_assert_msg(open_keys() == MCPS_OK, "%s", error.text);
	memcpy(expected, "\xab\xcd\xef", 3);
	ck_assert_mem_eq(file.keys.current, expected, 3);
}
END_TEST

TEST_MAIN("keys")
{
	test_fixture(set_up, tear_down);
	test_add(a_missing_file_is_made_for_its_owner_alone);
	test_add(of_two_that_make_a_file_both_use_the_key_of_the_first);
	test_add(nothing_is_left_beside_the_file);
	test_add(two_new_files_have_different_keys);
	test_add(without_entropy_no_file_is_made);
	test_add(a_missing_directory_is_an_error);
	test_add_loop(noting_the_store_keeps_every_other_line, COUNT(noted));
	test_add(noting_the_store_never_makes_a_file_too_long_to_read);
	test_add(writing_replaces_the_file_and_leaves_nothing_beside_it);
	test_add(a_leftover_of_a_crash_does_not_matter);
	test_add(a_link_where_the_new_file_is_written_is_not_followed);
	test_add_loop(a_file_that_others_can_use_is_refused, 6);
	test_add(a_file_that_its_owner_can_only_read_is_fine);
	if (geteuid() == 0) { /* only root can give */
		test_add(a_secret_that_root_gave_to_our_group_is_read);
		test_add_loop(
			a_file_that_our_group_can_use_is_read_with_a_warning,
			3);
		test_add_loop(a_secret_that_root_gave_to_everybody_is_refused,
		              3);
	}
	test_add(a_symbolic_link_is_refused);
	test_add(a_directory_is_refused);
	test_add(a_pipe_is_refused_and_not_waited_for);
	test_add_loop(unknown_contents_are_refused_and_left_alone,
	              COUNT(garbage));
	test_add(a_wrong_line_is_named);
	test_add_loop(two_lines_of_one_name_are_refused, COUNT(doubled));
	test_add(bytes_after_a_nul_are_not_overlooked);
	test_add(no_part_of_a_long_file_is_overlooked);
	test_add(blank_lines_comments_and_capital_digits_are_fine);
}
