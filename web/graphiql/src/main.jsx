// The page /graphiql: GraphiQL on the /graphql endpoint beside it. Everything comes from this origin.
import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";
import { createFetcher } from "./fetcher.js";
import "./style.css";

// JSON, so no comment can say it: paste the token after "Bearer ". It also goes to subscriptions.
const HEADERS = `{\n  "Authorization": "Bearer "\n}`;

// The page carries its example operations as data blocks, one tab each.
const examples = [...document.querySelectorAll("script[type='application/graphql']")].map((block) => block.text.trim());

function Page() {
  const endpoint = new URL("graphql", document.baseURI).href;
  return (
    <GraphiQL
      fetcher={createFetcher(endpoint)}
      defaultQuery={"# A new operation. Ctrl-Space completes, Ctrl-Enter runs.\n"}
      defaultTabs={examples.map((query) => ({ query, headers: HEADERS }))}
      defaultHeaders={HEADERS}
      defaultEditorToolsVisibility="headers"
      inputValueDeprecation
    >
      <GraphiQL.Logo>
        <a className="openslot-logo" href="./">
          openslot
        </a>
      </GraphiQL.Logo>
    </GraphiQL>
  );
}

createRoot(document.getElementById("graphiql")).render(<Page />);
