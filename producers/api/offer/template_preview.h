#ifndef API_OFFER_TEMPLATE_PREVIEW_H
#define API_OFFER_TEMPLATE_PREVIEW_H

struct api;
struct call;

/* Answers with the texts, the size of an SMS, the tokens, and what PublishTemplate would be refused for. */
void preview_template(struct api *api, struct call *call);

#endif
