/* SPDX-License-Identifier: MIT */
#include "image.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cachedir.h"
#include "ext4/mkfs.h"

#define IMAGE_BYTES   (64 * 1024 * 1024)
#define ARGUMENTS_MAX 24
#define ANSWER_BYTES  (1024 * 1024)
#define TOOL_FAILED   127

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	abort();
}

/* e2fsprogs' programs are not where an ordinary user's PATH leads. */
static void look_further(void)
{
	const char *path = getenv("PATH");
	char longer[4096];

	snprintf(longer, sizeof(longer), "%s:/usr/sbin:/sbin", path ? path : "/usr/bin:/bin");
	setenv("PATH", longer, 1);
}

/* Runs a program with its output in ret; its exit status. */
static int run(const char *const *argv, char ret[ANSWER_BYTES])
{
	int pipe_fds[2], status;
	size_t used = 0;
	pid_t child;
	ssize_t n;

	must(pipe(pipe_fds) == 0, "pipe");
	child = fork();
	must(child >= 0, "fork");
	if (child == 0) {
		dup2(pipe_fds[1], STDOUT_FILENO);
		dup2(pipe_fds[1], STDERR_FILENO);
		close(pipe_fds[0]);
		look_further();
		execvp(argv[0], (char *const *)(const void *)argv);
		_exit(TOOL_FAILED);
	}
	close(pipe_fds[1]);
	while ((n = read(pipe_fds[0], ret + used, ANSWER_BYTES - 1 - used)) > 0)
		used += (size_t)n;
	ret[used] = '\0';
	close(pipe_fds[0]);
	must(waitpid(child, &status, 0) == child, "waitpid");
	must(WIFEXITED(status) && WEXITSTATUS(status) != TOOL_FAILED, argv[0]);
	return WEXITSTATUS(status);
}

static void make_by_mke2fs(const struct image *image, const char *options)
{
	static char answer[ANSWER_BYTES];
	const char *argv[ARGUMENTS_MAX] = { "mke2fs", "-q", "-F", "-t", "ext4" };
	char words[256], *word = words;
	size_t count = 5;

	snprintf(words, sizeof(words), "%s", options);
	for (char *next; (next = strsep(&word, " ")) && count < ARGUMENTS_MAX - 2;)
		argv[count++] = next;
	argv[count] = image->path;
	if (run(argv, answer) != 0) {
		fprintf(stderr, "%s\n", answer);
		abort();
	}
}

void image_make(struct image *image, const char *options)
{
	const struct mkfs_request request = {
		.path = image->path,
		.size_bytes = IMAGE_BYTES,
		.label = "nixos",
		.uuid = "44444444-4444-4444-8444-444444444444",
		.hash_seed = "55555555-5555-4555-8555-555555555555",
	};
	struct error err;
	int fd;

	cachedir_scratch(image->folder);
	snprintf(image->path, sizeof(image->path), "%s/image", image->folder);
	snprintf(image->store, sizeof(image->store), "%s/store", image->folder);
	fd = open(image->path, O_WRONLY | O_CREAT | O_EXCL, 0644);
	must(fd >= 0 && ftruncate(fd, IMAGE_BYTES) == 0, image->path);
	close(fd);
	if (options)
		make_by_mke2fs(image, options);
	else
		must(mkfs_ext4(&request, &err) == 0, "mkfs_ext4");
}

void image_remove(struct image *image)
{
	cachedir_remove_tree(image->folder);
}

bool image_is_clean(const struct image *image)
{
	static char answer[ANSWER_BYTES];
	int status = run((const char *[]){ "e2fsck", "-fn", image->path, NULL }, answer);

	/* Even what it would leave alone ("could be shortened") has a question mark. */
	if (status == 0 && !strchr(answer, '?'))
		return true;
	fprintf(stderr, "e2fsck: status %d\n%s\n", status, answer);
	return false;
}

const char *image_ask(const struct image *image, const char *request)
{
	static char answer[ANSWER_BYTES];

	run((const char *[]){ "debugfs", "-R", request, image->path, NULL }, answer);
	return answer;
}

bool image_read(struct image *image)
{
	char request[128];

	snprintf(request, sizeof(request), "rdump /nix/store %s", image->folder);
	image_ask(image, request);
	return access(image->store, F_OK) == 0;
}
