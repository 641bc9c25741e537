/* SPDX-License-Identifier: MIT */
#include "guest/bootspec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "nix/narinfo.h"

/* A member that must be a clean path below the store. */
static int parse_store_file(const struct json_value *v1, const char *name, char *ret,
	size_t ret_bytes, struct error *err)
{
	int r = json_get_string(v1, name, ret, ret_bytes, err);

	if (r < 0)
		return r;
	if (strncmp(ret, STORE_DIR "/", sizeof(STORE_DIR)) != 0 || !text_is_clean_path(ret))
		return json_refuse(
			v1, name, err, "must be a file below " STORE_DIR ", not \"%s\"", ret);
	return 0;
}

static int parse_kernel_params(
	const struct json_value *v1, struct bootspec *spec, struct error *err)
{
	char word[BOOTSPEC_PARAMS_BYTES];
	struct json_value array;
	int r = json_get_array(v1, "kernelParams", &array, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < json_count(&array); i++) {
		r = json_string_at(&array, i, word, sizeof(word), err);
		if (r < 0)
			return r;
		if (!text_append(spec->kernel_params, sizeof(spec->kernel_params), "%s%s",
			    i ? " " : "", word))
			return json_refuse(v1, "kernelParams", err,
				"are longer than %d bytes together", BOOTSPEC_PARAMS_BYTES - 1);
	}
	return 0;
}

static int parse_v1(const struct json_value *v1, struct bootspec *spec, struct error *err)
{
	int r = parse_store_file(v1, "kernel", spec->kernel, sizeof(spec->kernel), err);

	if (r < 0)
		return r;
	if (json_has_value(v1, "initrd"))
		r = parse_store_file(v1, "initrd", spec->initrd, sizeof(spec->initrd), err);
	if (r < 0)
		return r;
	r = parse_store_file(v1, "init", spec->init, sizeof(spec->init), err);
	if (r < 0)
		return r;
	r = json_get_string(v1, "label", spec->label, sizeof(spec->label), err);
	if (r < 0)
		return r;
	r = parse_kernel_params(v1, spec, err);
	if (r < 0)
		return r;
	r = json_get_string(v1, "toplevel", spec->toplevel, sizeof(spec->toplevel), err);
	if (r < 0)
		return r;
	if (store_path_check(spec->toplevel) < 0)
		return json_refuse(v1, "toplevel", err,
			"must be a store path (/nix/store/HASH-NAME), not \"%s\"", spec->toplevel);
	return 0;
}

/* What systemd-boot-builder.py of nixpkgs reads besides:
 * nixos/modules/system/boot/loader/systemd-boot. */
static int parse_systemd_boot(
	const struct json_value *root, struct bootspec *spec, struct error *err)
{
	struct json_value extension;
	int r;

	snprintf(spec->sort_key, sizeof(spec->sort_key), "nixos");
	if (!json_has_value(root, "org.nixos.systemd-boot"))
		return 0;
	r = json_get_object(root, "org.nixos.systemd-boot", &extension, err);
	if (r < 0)
		return r;
	if (json_has_value(&extension, "devicetree"))
		r = parse_store_file(
			&extension, "devicetree", spec->devicetree, sizeof(spec->devicetree), err);
	if (r < 0)
		return r;
	if (!json_has_value(&extension, "sortKey"))
		return 0;
	return json_get_string(&extension, "sortKey", spec->sort_key, sizeof(spec->sort_key), err);
}

/* A document, or a specialisation in one, which has the same members. */
static int parse_spec(const struct json_value *root, struct bootspec *spec, struct error *err)
{
	struct json_value v1;
	int r = json_get_object(root, "org.nixos.bootspec.v1", &v1, err);

	if (r < 0)
		return r;
	r = parse_v1(&v1, spec, err);
	if (r < 0)
		return r;
	spec->initrd_secrets = json_has_value(&v1, "initrdSecrets");
	return parse_systemd_boot(root, spec, err);
}

int bootspec_parse(const char *text, size_t size_bytes, struct bootspec *ret, struct error *err)
{
	CLEANUP(json_free) struct json_document *document = NULL;
	struct bootspec spec = { 0 };
	struct json_value root;
	int r = json_parse(text, size_bytes, &document, &root, err);

	if (r == 0)
		r = parse_spec(&root, &spec, err);
	if (r < 0) {
		error_wrap(err, "boot.json");
		return r;
	}
	*ret = spec;
	return 0;
}

static bool is_specialisation_name(const char *name)
{
	return name[0] && name[0] != '.' && strlen(name) < BOOTSPEC_NAME_BYTES &&
	       name[strspn(name,
		       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._")] ==
		       '\0';
}

static int find_specialisation(const struct json_value *root, size_t index, const char **ret_name,
	struct json_value *ret, struct error *err)
{
	struct json_value all;
	int r;

	if (!json_has_value(root, "org.nixos.specialisation.v1"))
		return -ENOENT;
	r = json_get_object(root, "org.nixos.specialisation.v1", &all, err);
	if (r < 0)
		return r;
	if (index >= json_member_count(&all))
		return -ENOENT;
	r = json_member_at(&all, index, ret_name, ret, err);
	if (r < 0)
		return r;
	if (!is_specialisation_name(*ret_name))
		return json_refuse(
			&all, *ret_name, err, "is no name of a specialisation for a file");
	return 0;
}

int bootspec_parse_specialisation(const char *text, size_t size_bytes, size_t index,
	char ret_name[BOOTSPEC_NAME_BYTES], struct bootspec *ret, struct error *err)
{
	CLEANUP(json_free) struct json_document *document = NULL;
	struct bootspec spec = { 0 };
	struct json_value root, found;
	const char *name = "";
	int r = json_parse(text, size_bytes, &document, &root, err);

	if (r == 0)
		r = find_specialisation(&root, index, &name, &found, err);
	if (r == -ENOENT)
		return r;
	if (r == 0)
		r = parse_spec(&found, &spec, err);
	if (r < 0) {
		error_wrap(err, "boot.json");
		return r;
	}
	snprintf(ret_name, BOOTSPEC_NAME_BYTES, "%s", name);
	*ret = spec;
	return 0;
}
