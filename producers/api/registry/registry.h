#ifndef API_REGISTRY_REGISTRY_H
#define API_REGISTRY_REGISTRY_H

struct api;
struct call;

/* The read endpoints of Confluent's Schema Registry, public, over the schemas that are compiled in. Handlers of routes. */
void tell_subjects(struct api *api, struct call *call);
void find_schema(struct api *api, struct call *call);
void tell_versions(struct api *api, struct call *call);
void register_schema(struct api *api, struct call *call);
void tell_version(struct api *api, struct call *call);
void tell_version_schema(struct api *api, struct call *call);
void tell_schema(struct api *api, struct call *call);
void tell_schema_text(struct api *api, struct call *call);
void tell_schema_versions(struct api *api, struct call *call);
void tell_schema_subjects(struct api *api, struct call *call);
void tell_schema_types(struct api *api, struct call *call);
void tell_compatibility(struct api *api, struct call *call);
void tell_registry_mode(struct api *api, struct call *call);

#endif
