/* SPDX-License-Identifier: MIT */
#include "config/image_options.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "config/key_table.h"

#define QCOW2_END ".qcow2"

int image_options_set_size(struct image_options *options, const char *text, struct error *err)
{
	if (key_table_parse_size(text, &options->size_bytes) == 0)
		return 0;
	return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
		"--size %s: say whole MiB up to 16T with the suffix K, M, G or T, such as 8G.",
		text);
}

int image_options_set_format(struct image_options *options, const char *text, struct error *err)
{
	if (strcmp(text, "raw") == 0)
		options->format = IMAGE_RAW;
	else if (strcmp(text, "qcow2") == 0)
		options->format = IMAGE_QCOW2;
	else
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"There is no format %s: say raw or qcow2, and convert the image for others.",
			text);
	return 0;
}

static bool is_qcow2_name(const char *name)
{
	size_t length = strlen(name), end = strlen(QCOW2_END);

	return length > end && strcmp(name + length - end, QCOW2_END) == 0;
}

/* Whether the end of a name is that of a format that is not made. */
static bool is_foreign_name(const char *name)
{
	static const char *const ends[] = { ".vmdk", ".vdi", ".vhd", ".vhdx", ".qed", ".ova" };
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strcasecmp(dot, ends[i]) == 0)
			return true;
	return false;
}

int image_options_check(
	struct image_options *options, bool is_image, const char *output, struct error *err)
{
	bool given = options->size_bytes || options->shrink || options->format ||
		     options->boot_output || options->from;

	if (!is_image && given)
		return error_refuse(err,
			"The options --from, --size, --shrink, --format and --boot-output belong to the command image.");
	if (!is_image)
		return 0;
	if (options->size_bytes && options->shrink)
		return error_refuse(err, "Say --size or --shrink, not both.");
	if (options->from && options->shrink)
		return error_refuse(err,
			"A copy is no smaller than the image that --from names: leave --shrink out.");
	if (options->boot_output && strcmp(options->boot_output, "-") == 0)
		return error_refuse(
			err, "--boot-output names a file or a block device, not standard output.");
	if (options->boot_output && strcmp(options->boot_output, output) == 0)
		return error_refuse(err, "The two disks of an image are different files.");
	if (options->format == IMAGE_BY_NAME && is_foreign_name(output))
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"%s has the name of a format that image does not write: name a .qcow2 or .raw, and convert it by qemu-img.",
			output);
	if (options->format == IMAGE_BY_NAME)
		options->format = is_qcow2_name(output) ? IMAGE_QCOW2 : IMAGE_RAW;
	return 0;
}
