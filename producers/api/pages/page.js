/* Shows /openapi.json: groups, operations, parameters, bodies, answers, and a line for curl each. Text goes in as text only. */
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
const DEPTH_MAX = 4;
let openapi;

/* An element: make("a", { href: "#x", class: "y" }, "text", element, ...) */
function make(name, attributes, ...children) {
	const element = document.createElement(name);
	for (const [key, value] of Object.entries(attributes || {})) {
		if (value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
	}
	element.append(...children.filter((child) => child !== null && child !== undefined));
	return element;
}

/* What people write in descriptions: `code`, **strong**, paragraphs. */
function inline(text) {
	return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
		if (part.startsWith("`")) return make("code", null, part.slice(1, -1));
		if (part.startsWith("**")) return make("strong", null, part.slice(2, -2));
		return part;
	});
}

function paragraphs(text) {
	return (text || "").split("\n\n").filter(Boolean).map((part) => make("p", null, ...inline(part)));
}

function resolve(node) {
	while (node && node.$ref) {
		node = node.$ref.slice(2).split("/").reduce((at, name) => at[name], openapi);
	}
	return node || {};
}

/* ---- schemas ---- */

function refName(schema) {
	return schema && schema.$ref ? schema.$ref.split("/").pop() : null;
}

/* "string (uuid), at most 64 characters, or null" */
function typeText(schema) {
	const name = refName(schema);
	const full = resolve(schema);
	if (full.const !== undefined) return JSON.stringify(full.const);
	if (full.enum) return "one of " + full.enum.map((word) => JSON.stringify(word)).join(", ");
	if (full.anyOf || full.oneOf) return (full.anyOf || full.oneOf).map(typeText).join(" or ");
	const types = [].concat(full.type || "any").filter((type) => type !== "null");
	let text = types.map((type) => {
		if (type === "array") return "list of " + typeText(full.items || {});
		if (type === "object" && name) return name;
		return full.format ? `${type} (${full.format})` : type;
	}).join(" or ");
	if (full.minimum !== undefined) text += `, at least ${full.minimum}`;
	if (full.maximum !== undefined) text += `, at most ${full.maximum}`;
	if (full.maxLength !== undefined) text += `, at most ${full.maxLength} characters`;
	if (full.maxItems !== undefined) text += `, at most ${full.maxItems}`;
	if ([].concat(full.type).includes("null")) text += ", or null";
	return text;
}

/* The members of an object, those of objects in it with dots, those of items with []. */
function members(schema, prefix, depth) {
	const full = resolve(schema);
	const rows = [];
	if (depth > DEPTH_MAX) return rows;
	if (full.anyOf || full.oneOf) {
		for (const one of full.anyOf || full.oneOf) rows.push(...members(one, prefix, depth));
		return rows;
	}
	if (full.items) return members(full.items, prefix + "[]", depth);
	for (const [name, member] of Object.entries(full.properties || {})) {
		const path = prefix === "" ? name : `${prefix}.${name}`;
		const needed = (full.required || []).includes(name);
		rows.push({ path, needed, type: typeText(member), text: member.description || resolve(member).description || "" });
		rows.push(...members(member, path, depth + 1));
	}
	return rows;
}

function table(caption, rows, neededText) {
	const body = rows.map((row) => make("tr", null,
		make("th", { scope: "row" }, make("code", null, row.path), row.needed && neededText ? make("span", { class: "needed" }, " " + neededText) : null),
		make("td", null, row.type),
		make("td", null, ...inline(row.text || ""))));
	return make("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
		make("table", null,
			make("thead", null, make("tr", null, ...["Name", "What it is", "Meaning"].map((text) => make("th", { scope: "col" }, text)))),
			make("tbody", null, ...body)));
}

function schemaView(schema, caption, neededText) {
	const kinds = (resolve(schema).oneOf || []).filter((kind) => (resolve(kind).properties || {}).type);
	if (kinds.length > 1) return kindsView(kinds, neededText);
	const seen = new Set();
	const rows = members(schema, "", 0).filter((row) => !seen.has(row.path) && seen.add(row.path));
	return rows.length > 0 ? table(caption, rows, neededText) : make("p", null, typeText(schema));
}

/* One of many kinds, told apart by their `type`. */
function kindsView(kinds, neededText) {
	return make("div", null, make("p", null, "One of these, told apart by ", make("code", null, "type"), ":"), ...kinds.map((kind) => {
		const name = resolve(kind).properties.type.const;
		return make("details", { class: "answer" }, make("summary", null, make("code", null, name)), make("div", null, schemaView(kind, name, neededText)));
	}));
}

/* ---- examples ---- */

const SAMPLES = {
	uuid: "0198c0de-0000-7000-8000-00000000002a", date: "2026-11-30", "date-time": "2026-11-30T09:00:00Z", email: "erika@example.org",
	uri: "https://example.org/", password: "a long passphrase",
};

/* "transfer | card | cash" -> "transfer" */
function firstWord(description) {
	const words = /^(?:[^|]*: )?(\w+) \| /.exec(description || "");
	return words && words[1];
}

function sample(schema, depth) {
	const full = resolve(schema);
	if (full.example !== undefined) return full.example;
	if (full.examples) return full.examples[0];
	if (full.const !== undefined) return full.const;
	if (full.enum) return full.enum[0];
	if (full.anyOf || full.oneOf) return sample((full.anyOf || full.oneOf)[0], depth);
	const type = [].concat(full.type || "object").find((one) => one !== "null");
	if (type === "string") return SAMPLES[full.format] || firstWord(schema.description || full.description) || "text";
	if (type === "integer" || type === "number") return full.minimum > 0 ? full.minimum : 1;
	if (type === "boolean") return true;
	if (type === "array") return depth > DEPTH_MAX ? [] : [sample(full.items || {}, depth + 1)];
	const result = {};
	for (const [name, member] of Object.entries(full.properties || {})) {
		if ((full.required || []).includes(name) && depth <= DEPTH_MAX) result[name] = sample(member, depth + 1);
	}
	return result;
}

function quote(text) {
	return "'" + text.replaceAll("'", "'\\''") + "'";
}

function curlText(method, path, operation, parameters) {
	const lines = [method === "get" ? "curl" : `curl -X ${method.toUpperCase()}`];
	let target = path;
	const query = [];
	for (const parameter of parameters) {
		const schema = resolve(parameter.schema);
		const value = String(parameter.example !== undefined ? parameter.example : sample(schema, 0));
		if (parameter.in === "path") target = target.replace(`{${parameter.name}}`, encodeURIComponent(value));
		if (parameter.in === "query" && parameter.required) query.push(`${parameter.name}=${encodeURIComponent(value)}`);
		if (parameter.in === "header" && (parameter.required || parameter.example !== undefined)) lines.push(`-H ${quote(`${parameter.name}: ${value}`)}`);
	}
	if (!operation.security) lines.push('-H "Authorization: Bearer $TOKEN"');
	const content = Object.entries(resolve(operation.requestBody).content || {})[0];
	if (content && content[1].schema) {
		lines.push(`-H ${quote(`Content-Type: ${content[0]}`)}`);
		const body = content[1].example !== undefined ? content[1].example : sample(content[1].schema, 0);
		lines.push(`-d ${quote(JSON.stringify(body, null, 2))}`);
	}
	lines.push(quote(location.origin + target + (query.length > 0 ? `?${query.join("&")}` : "")));
	return lines.join(" \\\n  ");
}

function example(text, label) {
	const button = make("button", { type: "button", "aria-label": `Copy ${label}` }, "Copy");
	button.addEventListener("click", async () => {
		await navigator.clipboard.writeText(text);
		button.textContent = "Copied";
	});
	return make("div", { class: "example" }, make("pre", { tabindex: "0", role: "group", "aria-label": label }, make("code", null, text)), button);
}

/* ---- an operation ---- */

function who(operation) {
	if (operation.security) return "Anybody, without a token.";
	const roles = operation["x-dcs-roles"];
	return roles ? `With one of the roles ${roles.join(", ")}.` : "Whoever is signed in.";
}

function bodyView(operation) {
	const body = resolve(operation.requestBody);
	const content = Object.entries(body.content || {});
	if (content.length === 0) return [];
	const [type, media] = content[0];
	return [make("h4", null, "Body"), make("p", null, make("code", null, type), body.required ? "" : ", may be left out"),
		media.schema ? schemaView(media.schema, "Body", "needed") : null];
}

function answerView(status, response) {
	const full = resolve(response);
	const [type, media] = Object.entries(full.content || {})[0] || [];
	const headers = Object.entries(full.headers || {});
	const title = [make("span", { class: "status" }, status), " ", ...inline(full.description || "")];
	const problem = media && media.schema && refName(media.schema) === "Problem";
	if ((!media || problem) && headers.length === 0) return make("p", { class: "answer flat" }, ...title);
	const list = headers.map(([name, header]) => make("li", null, make("code", null, name), " ", ...inline(resolve(header).description || "")));
	return make("details", { class: "answer" }, make("summary", null, ...title),
		make("div", null, headers.length > 0 ? make("ul", null, ...list) : null, media ? make("p", null, make("code", null, type)) : null,
			media && media.schema ? schemaView(media.schema, `Answer ${status}`, "") : null));
}

function operationView(method, path, operation, shared) {
	const parameters = [...(shared || []), ...(operation.parameters || [])].map(resolve);
	const rows = parameters.map((parameter) => ({
		path: parameter.name, needed: parameter.required, type: `${typeText(parameter.schema || {})}; in the ${parameter.in}`, text: parameter.description,
	}));
	const details = make("details", { class: "operation", id: operation.operationId },
		make("summary", null, make("h3", null, make("span", { class: `method ${method}` }, method.toUpperCase()), make("span", { class: "path" }, path),
			make("span", { class: "summary" }, operation.summary))));
	/* Filled in when it is opened: a hundred operations with all their tables are a heavy page. */
	details.addEventListener("toggle", () => {
		if (!details.open || details.children.length > 1) return;
		details.append(make("div", null, ...paragraphs(operation.description), make("p", { class: "who" }, who(operation)),
			...(rows.length > 0 ? [make("h4", null, "Parameters"), table("Parameters", rows, "needed")] : []), ...bodyView(operation),
			make("h4", null, "Answers"), ...Object.entries(operation.responses).map(([status, response]) => answerView(status, response)),
			make("h4", null, "With curl"), example(curlText(method, path, operation, parameters), `curl for ${operation.operationId}`)));
	});
	return details;
}

/* ---- the page ---- */

function operations() {
	const all = [];
	for (const [path, item] of Object.entries(openapi.paths)) {
		for (const method of METHODS) if (item[method]) all.push({ method, path, operation: item[method], shared: item.parameters });
	}
	return all;
}

function showGroup(tag, group) {
	const id = `group-${tag.name}`;
	const entries = group.map(({ method, path, operation }) => make("li", { "data-text": `${method} ${path} ${operation.summary}`.toLowerCase() },
		make("a", { href: `#${operation.operationId}` }, make("span", { class: `method ${method}` }, method.toUpperCase()), make("span", null, operation.summary))));
	document.getElementById("contents").append(make("section", { "aria-labelledby": `to-${id}` }, make("h2", { id: `to-${id}` }, tag.name), make("ul", null, ...entries)));
	document.getElementById("content").append(make("section", { "aria-labelledby": id }, make("h2", { id }, tag.name), ...paragraphs(tag.description),
		...group.map(({ method, path, operation, shared }) => operationView(method, path, operation, shared))));
}

function openTarget() {
	const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
	if (!target || !target.classList.contains("operation")) return;
	target.open = true;
	target.scrollIntoView();
	target.querySelector("summary").focus({ preventScroll: true });
}

function filter(text) {
	const words = text.toLowerCase().split(/\s+/).filter(Boolean);
	let count = 0;
	for (const section of document.querySelectorAll("#contents section")) {
		let shown = 0;
		for (const entry of section.querySelectorAll("li")) {
			const fits = words.every((word) => entry.dataset.text.includes(word));
			entry.classList.toggle("hidden", !fits);
			shown += fits;
		}
		section.classList.toggle("hidden", shown === 0);
		count += shown;
	}
	document.getElementById("found").textContent = words.length > 0 ? `${count} found` : "";
}

async function show() {
	const loading = document.getElementById("loading");
	try {
		const answer = await fetch("/openapi.json");
		if (!answer.ok) throw new Error(`status ${answer.status}`);
		openapi = await answer.json();
	} catch (error) {
		loading.textContent = `The document could not be read (${error.message}). Load the page again.`;
		return;
	}
	document.getElementById("version").textContent = `OpenAPI ${openapi.openapi}, ${operations().length} operations`;
	loading.replaceWith(...paragraphs(openapi.info.description));
	for (const tag of openapi.tags) {
		const group = operations().filter(({ operation }) => operation.tags[0] === tag.name);
		if (group.length > 0) showGroup(tag, group);
	}
	document.getElementById("filter").addEventListener("input", (event) => filter(event.target.value));
	addEventListener("hashchange", openTarget);
	openTarget();
}

show();
