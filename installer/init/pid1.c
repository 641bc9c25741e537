/* SPDX-License-Identifier: MIT */
#include "init/pid1.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "init/modules.h"
#include "verdict/console.h"

static void mount_kernel_folder(const char *fstype, const char *path, const char *options)
{
	mkdir(path, 0755);
	if (mount(fstype, path, fstype, MS_NOSUID, options) < 0)
		log_line("pid1: mount %s: %s", path, strerror(errno));
}

/* Opens descriptors 0 to 2: otherwise a later open would become standard error. */
static void open_standard_streams(void)
{
	int fd = open("/dev/null", O_RDWR);

	while (fd >= 0 && fd < 2)
		fd = dup(fd);
}

/* The links that udev would make. Shells need /dev/fd for process substitution. */
static void link_streams(void)
{
	static const struct {
		const char *target, *path;
	} links[] = {
		{ "/proc/self/fd", "/dev/fd" },
		{ "/proc/self/fd/0", "/dev/stdin" },
		{ "/proc/self/fd/1", "/dev/stdout" },
		{ "/proc/self/fd/2", "/dev/stderr" },
	};
	struct error err;

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (file_make_link(links[i].target, links[i].path, &err) < 0)
			log_line("pid1: %s", err.text);
}

static void set_clock(void)
{
	char text[32];
	struct timespec built = { 0 }, now;

	file_read_line("/etc/build-time", text, sizeof(text));
	built.tv_sec = strtoll(text, NULL, 10);
	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec < built.tv_sec && clock_settime(CLOCK_REALTIME, &built) == 0)
		log_line("pid1: the clock was before the build of this ISO and was set to it");
}

/* Blocks until the kernel's generator is seeded, for libuuid and OpenSSL. */
static void wait_for_entropy(void)
{
	char byte;

	while (getrandom(&byte, sizeof(byte), 0) < 0 && errno == EINTR)
		;
}

static void bring_loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		log_line("pid1: cannot bring lo up: %s", strerror(errno));
}

void pid1_prepare(void)
{
	mount_kernel_folder("devtmpfs", "/dev", NULL);
	open_standard_streams();
	mount_kernel_folder("proc", "/proc", NULL);
	mount_kernel_folder("sysfs", "/sys", NULL);
	mount_kernel_folder("tmpfs", "/run", "mode=0755");
	console_open_all();
	link_streams();
	set_clock();
	modules_load_drivers();
	console_open_all();
	wait_for_entropy();
	bring_loopback_up();
}
