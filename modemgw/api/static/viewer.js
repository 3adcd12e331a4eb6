// Everything comes from this gateway: no validator, no fonts, no other address.
"use strict";
SwaggerUIBundle({
  url: "v1/openapi.json",
  dom_id: "#viewer",
  deepLinking: true,
  validatorUrl: null,
  displayRequestDuration: true,
  docExpansion: "none",
  // The key stays in the memory of this page.
  persistAuthorization: false,
});
