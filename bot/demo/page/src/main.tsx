import { createRoot } from "react-dom/client";
import "slack-blocks-to-jsx/dist/style.css";
import "./frame.css";
import "./channel.css";
import "./blocks.css";
import "./panels.css";
import "./narrow.css";
import { App } from "./app";

createRoot(document.getElementById("page")!).render(<App />);
