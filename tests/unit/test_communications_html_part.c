/* The HTML part of a template: what it may have, and how values are escaped for their place. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "consumers/communications/html_part.h"

static void then_fine(const char *html)
{
	size_t line = 0;
	const char *fault = html_part_fault(str_of(html), &line);

	if (fault != NULL)
		fail_msg("%s: line %zu: %s", html, line, fault);
}

static void then_fault(const char *html)
{
	size_t line = 0;

	if (html_part_fault(str_of(html), &line) == NULL)
		fail_msg("no fault: %s", html);
	assert_true(line > 0);
}

static void test_html_part__a_part_of_the_list_is_fine(void **state)
{
	static const char *const parts[] = {
		"",
		"Guten Tag {{customer_name}}",
		"<p>Hello</p>",
		"<p style=\"color: #333; font-size: 14px\" lang=\"de-AT\">5 &lt; 7 &amp; more&nbsp;&quot;</p>",
		"<table width=\"100%\"><tr><td colspan=\"2\" align=\"left\">{{balance}}</td></tr></table>",
		"a<br>b<br/>c<br />d<hr>",
		"<a href=\"https://pay.example/\">pay</a>",
		"<a href=\"https://pay.example:8443\">pay</a>",
		"<a href=\"https://pay.example/?ref={{debt_reference}}&amp;x=1\" title=\"for {{customer_name}}\">pay</a>",
		"<a href=\"{{pay_link}}\">pay</a>",
		"<a\n\thref=\"mailto:help@example.org?subject={{debt_reference}}\">write</a>",
		"<ul><li>\xe6\x97\xa5\xe6\x9c\xac</li></ul>",
		"} {",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(parts); i++)
		then_fine(parts[i]);
}

static void test_html_part__what_loads_runs_or_hides_is_a_fault(void **state)
{
	static const char *const parts[] = {
		"<script>{{balance}}</script>",
		"<style>p { color: {{balance}} }</style>",
		"<!-- {{opt_out}} -->",
		"<!DOCTYPE html>",
		"<?xml version=\"1.0\"?>",
		"<![CDATA[x]]>",
		"<img src=\"https://example.org/a.png\">",
		"<iframe></iframe>",
		"<form></form>",
		"<svg></svg>",
		"<p onclick=\"x\">y</p>",
		"<p onclick=\"{{balance}}\">y</p>",
		"<p class=\"x\">y</p>",
		"<p id=\"x\">y</p>",
		"<p style=\"background: url(https://example.org)\">y</p>",
		"<p style=\"color: {{balance}}\">y</p>",
		"<p style=\"color: red/**/\">y</p>",
		"<p style=\"color: \\72 ed\">y</p>",
		"<p align={{balance}}>y</p>",
		"<p align=left>y</p>",
		"<p align='left'>y</p>",
		"<p align>y</p>",
		"<p {{balance}}>y</p>",
		"<p {{balance}}=\"x\">y</p>",
		"<{{balance}}>y</p>",
		"<p title=\"x\"lang=\"de\">y</p>",
		"<p title=\"x>y</p>",
		"<p title=\"<b>\">y</p>",
		"<p",
		"<p ",
		"<",
		"</",
		"</p>",
		"<p>",
		"<p><b></p></b>",
		"<P>x</P>",
		"<p TITLE=\"x\">y</p>",
		"<p/>",
		"<br></br>",
		"< p>x</p>",
		"a & b",
		"a > b",
		"&#106;",
		"&#x6a;",
		"&lt",
		"&copy;",
		"{{",
		"{{Balance}}",
		"<p title=\"{{ x }}\">y</p>",
		"<p href=\"https://example.org/\">y</p>",
		"<a href=\"javascript:alert(1)\">y</a>",
		"<a href=\" https://example.org/\">y</a>",
		"<a href=\"HTTPS://example.org/\">y</a>",
		"<a href=\"//example.org/\">y</a>",
		"<a href=\"/x\">y</a>",
		"<a href=\"\">y</a>",
		"<a href=\"data:text/html,x\">y</a>",
		"<a href=\"https:{{x}}\">y</a>",
		"<a href=\"https://{{host}}/\">y</a>",
		"<a href=\"https://a.{{host}}/\">y</a>",
		"<a href=\"https://user@example.org/\">y</a>",
		"<a href=\"https:///x\">y</a>",
		"<a href=\"{{base}}{{path}}\">y</a>",
		"<a href=\"{{base}}/x\">y</a>",
		"<a href=\"{{scheme}}://x\">y</a>",
		"<a href=\"java{{x}}\">y</a>",
		"<a href=\"https://example.org/a b\">y</a>",
		"<a href=\"https://example.org/&nbsp\">y</a>",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(parts); i++)
		then_fault(parts[i]);
}

static void test_html_part__a_fault_has_its_line(void **state)
{
	size_t line = 0;

	(void)state;
	assert_non_null(html_part_fault(STR("<p>a</p>\n<p>b</p>\n<p>a & b</p>\n"), &line));
	assert_int_equal(line, 3);
}

static void test_html_part__tags_may_not_be_too_deep(void **state)
{
	char html[33 * 11 + 1];
	size_t size = 0;

	(void)state;
	for (int depth = 32; depth <= 33; depth++) {
		size = 0;
		for (int i = 0; i < depth; i++)
			size += (size_t)snprintf(html + size, sizeof(html) - size, "<div>");
		for (int i = 0; i < depth; i++)
			size += (size_t)snprintf(html + size, sizeof(html) - size, "</div>");
		if (depth == 32)
			then_fine(html);
		else
			then_fault(html);
	}
}

static void test_html_part__a_token_is_shown_between_tags_only(void **state)
{
	(void)state;
	assert_true(html_part_shows(STR("<p>{{opt_out}}</p>"), "opt_out"));
	assert_false(html_part_shows(STR("<p title=\"{{opt_out}}\">x</p>"), "opt_out"));
	assert_false(html_part_shows(STR("<a href=\"https://a.example/{{opt_out}}\">x</a>"), "opt_out"));
	assert_false(html_part_shows(STR("<p>{{opt_out}}"), "opt_out"));
	assert_false(html_part_shows(STR(""), "opt_out"));
}

static enum render_outcome render(const char *html, const char *value, char *out, size_t out_max, struct str *ret_token)
{
	const struct token tokens[] = { { STR("v"), { value, strlen(value) } } };
	size_t size = 0;
	enum render_outcome outcome = html_part_render(str_of(html), tokens, COUNT(tokens), out, out_max - 1, &size, ret_token);

	out[outcome == RENDER_OK ? size : 0] = '\0';
	return outcome;
}

static void then_rendered(const char *html, const char *value, const char *expected)
{
	struct str token;
	char out[512];

	assert_int_equal(render(html, value, out, sizeof(out), &token), RENDER_OK);
	assert_string_equal(out, expected);
}

static void test_html_part__values_are_escaped_for_their_place(void **state)
{
	static const char *const wild = "<b>\"'&amp;{{v}}</b>";

	(void)state;
	then_rendered("<p>{{v}}</p>", wild, "<p>&lt;b&gt;&quot;&#39;&amp;amp;{{v}}&lt;/b&gt;</p>");
	then_rendered("<p title=\"a {{v}}\">x</p>", "\" onclick=\"x", "<p title=\"a &quot; onclick=&quot;x\">x</p>");
	then_rendered("<a href=\"https://a.example/?r={{v}}&amp;s=1\">x</a>", "A&B=\"/\xc3\xa9 @~",
		      "<a href=\"https://a.example/?r=A%26B%3D%22%2F%C3%A9%20@~&amp;s=1\">x</a>");
	then_rendered("<a href=\"{{v}}\">x</a>", "https://a.example/?a=1&b='2'",
		      "<a href=\"https://a.example/?a=1&amp;b=&#39;2&#39;\">x</a>");
	then_rendered("<a href=\"{{v}}\">x</a>", "MAILTO:a@example.org", "<a href=\"MAILTO:a@example.org\">x</a>");
	then_rendered("{{v}}", "", "");
}

static void test_html_part__a_link_that_is_no_url_is_not_rendered(void **state)
{
	static const char *const values[] = { "javascript:alert(1)", "JAVASCRIPT:x",    "https://",
					      "https:///x",          "http://a b",      "",
					      " https://a.example",  "https://a\"onx=", "data:,x",
					      "//a.example",         "mailto:",         "https://a.example/\xc3\xa9",
					      "https://@a",          "vbscript:x",      "https://a\\b" };
	struct str token;
	char out[128];

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		assert_int_equal(render("<a href=\"{{v}}\">x</a>", values[i], out, sizeof(out), &token), RENDER_BAD_LINK);
		assert_true(str_is(token, "v"));
	}
}

static void test_html_part__a_rendering_says_what_is_wrong(void **state)
{
	struct str token;
	char out[16];

	(void)state;
	assert_int_equal(render("<p>{{w}}</p>", "x", out, sizeof(out), &token), RENDER_UNKNOWN_TOKEN);
	assert_true(str_is(token, "w"));
	assert_int_equal(render("<p>{{v}}", "x", out, sizeof(out), &token), RENDER_MALFORMED);
	assert_int_equal(render("{{v}}", "<<<<", out, sizeof(out), &token), RENDER_TOO_LONG);
	assert_int_equal(render("{{v}}", "<<<a", out, sizeof(out), &token), RENDER_OK);
	assert_string_equal(out, "&lt;&lt;&lt;a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_html_part__a_part_of_the_list_is_fine),
		cmocka_unit_test(test_html_part__what_loads_runs_or_hides_is_a_fault),
		cmocka_unit_test(test_html_part__a_fault_has_its_line),
		cmocka_unit_test(test_html_part__tags_may_not_be_too_deep),
		cmocka_unit_test(test_html_part__a_token_is_shown_between_tags_only),
		cmocka_unit_test(test_html_part__values_are_escaped_for_their_place),
		cmocka_unit_test(test_html_part__a_link_that_is_no_url_is_not_rendered),
		cmocka_unit_test(test_html_part__a_rendering_says_what_is_wrong),
	};

	return cmocka_run_group_tests_name("html_part", tests, NULL, NULL);
}
