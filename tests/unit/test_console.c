/* SPDX-License-Identifier: MIT */
/* Proves that lines of several threads come whole to a terminal that takes them piece by piece. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "verdict/console.h"

#define LINE_BYTES   1000
#define LINES	     300 /* of each thread */
#define PIECE_BYTES  97
#define WRITER_COUNT 2

static void *write_lines(void *letter)
{
	char line[LINE_BYTES];

	memset(line, *(const char *)letter, sizeof(line) - 1);
	line[sizeof(line) - 1] = '\n';
	for (int i = 0; i < LINES; i++)
		console_write(line, sizeof(line), true);
	return NULL;
}

/* A terminal that changes nothing; standard output leads there. Returns its other end. */
static int open_terminal(void)
{
	struct termios raw;
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_NONBLOCK);
	assert_true(slave >= 0 && tcgetattr(slave, &raw) == 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(slave, TCSANOW, &raw), 0);
	assert_true(dup2(slave, STDOUT_FILENO) >= 0);
	close(slave);
	return master;
}

/* More slowly than it is written. */
static void read_all(int fd, char *ret, size_t size_bytes)
{
	for (size_t used = 0; used < size_bytes;) {
		size_t left = size_bytes - used;
		ssize_t n = read(fd, ret + used, left < PIECE_BYTES ? left : PIECE_BYTES);

		assert_true(n > 0);
		used += (size_t)n;
	}
}

static void lines_of_several_threads_are_whole(void **state)
{
	static char letters[WRITER_COUNT] = { 'a', 'b' }, text[WRITER_COUNT * LINES * LINE_BYTES];
	int standard = dup(STDOUT_FILENO), master;
	pthread_t threads[WRITER_COUNT];
	size_t broken = 0;

	(void)state;
	alarm(60);
	master = open_terminal();
	for (size_t i = 0; i < WRITER_COUNT; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &letters[i]), 0);
	read_all(master, text, sizeof(text));
	for (size_t i = 0; i < WRITER_COUNT; i++)
		pthread_join(threads[i], NULL);
	assert_true(dup2(standard, STDOUT_FILENO) >= 0);
	close(standard);
	close(master);
	alarm(0);
	for (const char *line = text; line < text + sizeof(text); line += LINE_BYTES)
		broken += line[LINE_BYTES - 1] != '\n' ||
			  memcmp(line, line + 1, LINE_BYTES - 2) != 0;
	assert_int_equal(broken, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_several_threads_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
