/* SPDX-License-Identifier: MIT */
#include "verdict/guest_agent.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"

#define NAME_BYTES	64
#define DELIMITER	((char)0xFF)
#define GENERIC_ERROR	"GenericError"
#define UNKNOWN_COMMAND "CommandNotFound"

/* A request and the reply that is being made. */
struct exchange {
	struct json_value request;
	struct json_document *reply;
	bool delimited; /* the byte DELIMITER stands before the reply */
};

static void refuse_request(struct exchange *exchange, const char *class, const char *reason)
{
	struct json_document *error = json_add_object(exchange->reply, "error");

	json_add_string(error, "class", class);
	json_add_string(error, "desc", reason);
}

static void answer_ping(struct exchange *exchange)
{
	json_add_object(exchange->reply, "return");
}

static void answer_sync(struct exchange *exchange)
{
	struct json_value arguments;
	struct error err;

	if (json_get_object(&exchange->request, "arguments", &arguments, &err) < 0)
		refuse_request(exchange, GENERIC_ERROR, err.text);
	else if (!json_has_integer(&arguments, "id"))
		refuse_request(exchange, GENERIC_ERROR, "arguments.id must be an integer");
	else
		json_add_copy(exchange->reply, "return", &arguments, "id");
}

static void answer_sync_delimited(struct exchange *exchange)
{
	exchange->delimited = true;
	answer_sync(exchange);
}

static void answer_info(struct exchange *exchange);

static const struct {
	const char *name;
	void (*answer)(struct exchange *exchange);
} commands[] = {
	{ "guest-sync-delimited", answer_sync_delimited },
	{ "guest-sync", answer_sync },
	{ "guest-ping", answer_ping },
	{ "guest-info", answer_info },
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void answer_info(struct exchange *exchange)
{
	struct json_document *info = json_add_object(exchange->reply, "return");
	struct json_document *list;

	json_add_string(info, "version", "guest-installer " VERSION);
	list = json_add_array(info, "supported_commands");
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		struct json_document *command = json_add_object(list, NULL);

		json_add_string(command, "name", commands[i].name);
		json_add_bool(command, "enabled", true);
		json_add_bool(command, "success-response", true);
	}
}

static void answer_request(struct exchange *exchange)
{
	char name[NAME_BYTES];
	struct error err;

	if (json_get_string(&exchange->request, "execute", name, sizeof(name), &err) < 0) {
		refuse_request(exchange, GENERIC_ERROR, err.text);
		return;
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(name, commands[i].name) == 0) {
			commands[i].answer(exchange);
			return;
		}
	}
	refuse_request(
		exchange, UNKNOWN_COMMAND, "The installer does not have this command of an agent.");
}

static void parse_and_run(
	const struct guest_agent *agent, struct exchange *exchange, struct json_document **ret)
{
	struct error err;

	if (agent->too_long)
		refuse_request(exchange, GENERIC_ERROR, "The request is too long.");
	else if (json_parse(agent->request, agent->size_bytes, ret, &exchange->request, &err) < 0)
		refuse_request(exchange, GENERIC_ERROR, err.text);
	else
		answer_request(exchange);
	if (*ret && json_has(&exchange->request, "id"))
		json_add_copy(exchange->reply, "id", &exchange->request, "id");
}

static void append(char **text, size_t *size_bytes, const char *data, size_t data_bytes)
{
	*text = must_realloc(*text, *size_bytes + data_bytes, 1);
	memcpy(*text + *size_bytes, data, data_bytes);
	*size_bytes += data_bytes;
}

/* Appends the reply to the request that has arrived whole. */
static void reply_to(const struct guest_agent *agent, char **text, size_t *size_bytes)
{
	struct exchange exchange = { .reply = json_new() };
	struct json_document *document = NULL;
	const char delimiter = DELIMITER;
	AUTO_FREE char *line = NULL;

	parse_and_run(agent, &exchange, &document);
	line = json_line(exchange.reply);
	json_free(&exchange.reply);
	if (document)
		json_free(&document);
	if (exchange.delimited)
		append(text, size_bytes, &delimiter, 1);
	append(text, size_bytes, line, strlen(line));
}

static void forget_request(struct guest_agent *agent)
{
	agent->size_bytes = agent->depth = 0;
	agent->in_string = agent->escaped = agent->too_long = false;
}

static void keep_byte(struct guest_agent *agent, char byte)
{
	agent->too_long = agent->size_bytes == sizeof(agent->request);
	if (!agent->too_long)
		agent->request[agent->size_bytes++] = byte;
}

/* Follows strings and braces. */
static void track_nesting(struct guest_agent *agent, char byte)
{
	if (agent->escaped) {
		agent->escaped = false;
	} else if (agent->in_string) {
		agent->escaped = byte == '\\';
		agent->in_string = byte != '"';
	} else if (byte == '"') {
		agent->in_string = true;
	} else if (byte == '{') {
		agent->depth++;
	} else if (byte == '}') {
		agent->depth--;
	}
}

/* True if the byte is the last one of a request. */
static bool take_byte(struct guest_agent *agent, char byte)
{
	if (byte == DELIMITER) {
		forget_request(agent);
		return false;
	}
	if (agent->depth == 0 && byte != '{')
		return false;
	keep_byte(agent, byte);
	track_nesting(agent, byte);
	return agent->depth == 0;
}

char *guest_agent_answer(
	struct guest_agent *agent, const char *data, size_t size_bytes, size_t *ret_bytes)
{
	char *replies = NULL;

	*ret_bytes = 0;
	for (size_t i = 0; i < size_bytes; i++) {
		if (!take_byte(agent, data[i]))
			continue;
		reply_to(agent, &replies, ret_bytes);
		forget_request(agent);
	}
	return replies;
}
