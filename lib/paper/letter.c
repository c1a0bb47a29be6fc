#include "paper/letter.h"

#include <cairo-pdf.h>
#include <pango/pangocairo.h>
#include <stdio.h>

#include "base/array.h"
#include "base/day.h"
#include "base/must.h"
#include "base/text.h"

/* ---- the page: points, 72 an inch, from the upper left corner ---- */

#define MM(millimetres) ((millimetres)*72.0 / 25.4)

static const struct sheet {
	double width, height;
	double left, right; /* margins of text */
	double sender_top, address_top, address_width;
	double body_top; /* of date, heading and text on the first page */
	double next_top; /* of text on the others */
	double bottom;   /* where text ends */
	double foot_top;
} sheets[] = {
	[LETTER_A4] = { MM(210), MM(297), MM(25), MM(20), MM(57), MM(62.7), MM(80), MM(103.5), MM(25), MM(267), MM(278) },
	[LETTER_US] = { 612, 792, 72, 72, 136, 147, 252, 270, 72, 712, 742 },
};
_Static_assert(COUNT(sheets) == LETTER_PAPER_COUNT, "a sheet for each");

#define FONT_SENDER  "Noto Sans 7"
#define FONT_ADDRESS "Noto Sans 10"
#define FONT_TEXT    "Noto Sans 10.5"
#define FONT_HEADING "Noto Sans Bold 11.5"
#define FONT_FOOT    "Noto Sans 8"
#define GAP          14  /* between date, heading and text */
#define FOOT_SIZE    256 /* a reference, and the page */

/* A letter being set: its layouts, and the pages so far. */
struct setting {
	const struct letter *letter;
	const struct sheet *sheet;
	cairo_surface_t *surface;
	cairo_t *cairo;
	PangoFontMap *fonts;
	PangoContext *context;
	PangoLayout *layout, *foot; /* of one text after the other, and of the foot */
	int page, pages;
};

static cairo_status_t append(void *buf_arg, const unsigned char *bytes, unsigned size)
{
	struct buf *buf = buf_arg;

	buf_add(buf, bytes, size);
	return buf->overflow ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

/* ---- checks ---- */

static bool is_line(struct str text)
{
	return str_is_text(text) && text_fault(text, TEXT_PROSE) == NULL;
}

static bool are_lines(struct str text)
{
	return str_is_text(text) && text_fault(text, TEXT_LINES) == NULL;
}

static int count_lines(struct str text)
{
	int count = text.size > 0;

	for (size_t i = 0; i < text.size; i++)
		count += text.data[i] == '\n';
	return count;
}

static int check(const struct letter *letter, struct err *err)
{
	if (letter->address.size == 0 || !are_lines(letter->address) || !is_line(letter->name))
		return err_set(err, ERR_POISON, "letter: the address is empty or has a character that is not printed");
	if (count_lines(letter->name) + count_lines(letter->address) > LETTER_ADDRESS_LINES_MAX)
		return err_set(err, ERR_POISON, "letter: the address has more than %d lines", LETTER_ADDRESS_LINES_MAX);
	if (!is_line(letter->heading) || !is_line(letter->date) || !is_line(letter->sender) || !is_line(letter->reference) ||
	    !is_line(letter->language) || letter->reference.size > FOOT_SIZE / 2)
		return err_set(err, ERR_POISON, "letter: a line is too long, or has a character that is not printed");
	if (letter->text.size == 0 || !are_lines(letter->text))
		return err_set(err, ERR_POISON, "letter: the text is empty or has a character that is not printed");
	return 0;
}

/* ---- setting ---- */

static int set_text(PangoLayout *layout, const char *font, double width, struct str text, struct err *err)
{
	PangoFontDescription *description = pango_font_description_from_string(font);

	pango_layout_set_font_description(layout, description);
	pango_font_description_free(description);
	pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
	pango_layout_set_text(layout, text.data, (int)text.size);
	if (pango_layout_get_unknown_glyphs_count(layout) > 0)
		return err_set(err, ERR_POISON, "letter: no font of this machine has a character of it");
	return 0;
}

static double height_of(const struct setting *setting)
{
	int width, height;

	pango_layout_get_size(setting->layout, &width, &height);
	return (double)height / PANGO_SCALE;
}

static void show_at(struct setting *setting, double x, double y)
{
	cairo_move_to(setting->cairo, x, y);
	pango_cairo_show_layout(setting->cairo, setting->layout);
}

static double text_width(const struct setting *setting)
{
	return setting->sheet->width - setting->sheet->left - setting->sheet->right;
}

static int show_address(struct setting *setting, struct err *err)
{
	const struct sheet *sheet = setting->sheet;
	const struct letter *letter = setting->letter;
	double top = sheet->address_top;

	if (letter->sender.size > 0) {
		if (set_text(setting->layout, FONT_SENDER, sheet->address_width, letter->sender, err) != 0)
			return -1;
		pango_layout_set_ellipsize(setting->layout, PANGO_ELLIPSIZE_END); /* it is one line */
		show_at(setting, sheet->left, sheet->sender_top);
		pango_layout_set_ellipsize(setting->layout, PANGO_ELLIPSIZE_NONE);
	}
	if (letter->name.size > 0) {
		if (set_text(setting->layout, FONT_ADDRESS, sheet->address_width, letter->name, err) != 0)
			return -1;
		show_at(setting, sheet->left, top);
		top += height_of(setting);
	}
	if (set_text(setting->layout, FONT_ADDRESS, sheet->address_width, letter->address, err) != 0)
		return -1;
	show_at(setting, sheet->left, top);
	if (top + height_of(setting) > sheet->body_top)
		return err_set(err, ERR_POISON, "letter: the address does not fit into the window");
	return 0;
}

/* Date and heading; *ret_top: where the text begins. */
static int show_head(struct setting *setting, double *ret_top, struct err *err)
{
	const struct sheet *sheet = setting->sheet;
	const struct letter *letter = setting->letter;
	double top = sheet->body_top;

	if (letter->date.size > 0) {
		if (set_text(setting->layout, FONT_TEXT, text_width(setting), letter->date, err) != 0)
			return -1;
		pango_layout_set_alignment(setting->layout, PANGO_ALIGN_RIGHT);
		show_at(setting, sheet->left, top);
		pango_layout_set_alignment(setting->layout, PANGO_ALIGN_LEFT);
		top += height_of(setting) + GAP;
	}
	if (letter->heading.size > 0) {
		if (set_text(setting->layout, FONT_HEADING, text_width(setting), letter->heading, err) != 0)
			return -1;
		show_at(setting, sheet->left, top);
		top += height_of(setting) + GAP;
	}
	*ret_top = top;
	return 0;
}

/* The foot has a layout of its own: that of the text is under way. */
static void show_foot(struct setting *setting)
{
	const struct letter *letter = setting->letter;
	char text[FOOT_SIZE];

	(void)snprintf(text, sizeof(text), "%.*s    %d / %d", (int)letter->reference.size, letter->reference.data, setting->page,
		       setting->pages);
	pango_layout_set_text(setting->foot, text, -1);
	cairo_move_to(setting->cairo, setting->sheet->left, setting->sheet->foot_top);
	pango_cairo_show_layout(setting->cairo, setting->foot);
}

static void turn_page(struct setting *setting, bool is_drawn)
{
	if (is_drawn) {
		show_foot(setting);
		cairo_show_page(setting->cairo);
	}
	setting->page++;
}

/*
 * The text, line by line, from `top` of the first page on. Drawn or only counted: the number of pages stands at the foot of the
 * first. The layout has the text.
 */
static void set_lines(struct setting *setting, double top, bool is_drawn)
{
	PangoLayoutIter *iter = pango_layout_get_iter(setting->layout);
	double offset = top; /* of the page's first line in the layout: page = layout + offset */

	setting->page = 1;
	do {
		PangoRectangle line;
		double bottom;

		pango_layout_iter_get_line_extents(iter, NULL, &line);
		bottom = (double)(line.y + line.height) / PANGO_SCALE + offset;
		if (bottom > setting->sheet->bottom && setting->page <= LETTER_PAGES_MAX) {
			turn_page(setting, is_drawn);
			offset = setting->sheet->next_top - (double)line.y / PANGO_SCALE;
		}
		if (!is_drawn)
			continue;
		cairo_move_to(setting->cairo, setting->sheet->left + (double)line.x / PANGO_SCALE,
			      (double)pango_layout_iter_get_baseline(iter) / PANGO_SCALE + offset);
		pango_cairo_show_layout_line(setting->cairo, pango_layout_iter_get_line_readonly(iter));
	} while (pango_layout_iter_next_line(iter));
	pango_layout_iter_free(iter);
	if (is_drawn)
		show_foot(setting);
}

static int show_text(struct setting *setting, double top, struct err *err)
{
	if (set_text(setting->layout, FONT_TEXT, text_width(setting), setting->letter->text, err) != 0)
		return -1;
	set_lines(setting, top, false);
	setting->pages = setting->page;
	if (set_text(setting->foot, FONT_FOOT, text_width(setting), setting->letter->reference, err) != 0)
		return -1;
	if (setting->pages > LETTER_PAGES_MAX)
		return err_set(err, ERR_POISON, "letter: it would have more than %d pages", LETTER_PAGES_MAX);
	set_lines(setting, top, true);
	return 0;
}

static int set_letter(struct setting *setting, struct err *err)
{
	double top;

	if (show_address(setting, err) != 0 || show_head(setting, &top, err) != 0 || show_text(setting, top, err) != 0)
		return -1;
	return 0;
}

/* ---- the document ---- */

static void describe(struct setting *setting)
{
	char made_at[32];

	instant_format(made_at, setting->letter->made_at_ms);
	cairo_pdf_surface_set_metadata(setting->surface, CAIRO_PDF_METADATA_CREATE_DATE, made_at);
	cairo_pdf_surface_set_metadata(setting->surface, CAIRO_PDF_METADATA_CREATOR, "dcs");
}

/* A map of fonts of our own: the machine's default one would keep what it has once seen for as long as the program runs. */
static void begin(struct setting *setting, struct buf *pdf)
{
	char language[64];

	setting->surface = cairo_pdf_surface_create_for_stream(append, pdf, setting->sheet->width, setting->sheet->height);
	describe(setting);
	setting->cairo = cairo_create(setting->surface);
	setting->fonts = pango_cairo_font_map_new();
	setting->context = pango_font_map_create_context(setting->fonts);
	if (setting->letter->language.size > 0 && str_to_chars(language, sizeof(language), setting->letter->language))
		pango_context_set_language(setting->context, pango_language_from_string(language));
	setting->layout = pango_layout_new(setting->context);
	setting->foot = pango_layout_new(setting->context);
	pango_layout_set_wrap(setting->layout, PANGO_WRAP_WORD_CHAR);
	pango_layout_set_auto_dir(setting->layout, TRUE);
}

static void end(struct setting *setting)
{
	g_object_unref(setting->foot);
	g_object_unref(setting->layout);
	g_object_unref(setting->context);
	g_object_unref(setting->fonts);
	cairo_destroy(setting->cairo);
	cairo_surface_destroy(setting->surface);
}

int letter_render(const struct letter *letter, struct buf *pdf, int *ret_pages, struct err *err)
{
	struct setting setting = { .letter = letter, .page = 1 };
	int result;

	MUST(letter->paper < LETTER_PAPER_COUNT);
	if (check(letter, err) != 0)
		return -1;
	setting.sheet = &sheets[letter->paper];
	begin(&setting, pdf);
	result = set_letter(&setting, err);
	cairo_surface_finish(setting.surface);
	if (result == 0 && pdf->overflow)
		result = err_set(err, ERR_POISON, "letter: the document is too large");
	if (result == 0 && cairo_surface_status(setting.surface) != CAIRO_STATUS_SUCCESS)
		result = err_set(err, ERR_RETRY, "letter: %s", cairo_status_to_string(cairo_surface_status(setting.surface)));
	*ret_pages = setting.pages;
	end(&setting);
	return result;
}
