const express = require("express");

const app = express();
app.get("/health", (_request, response) => response.send("ok"));
app.listen(3000, () => console.log("listening on 3000"));
