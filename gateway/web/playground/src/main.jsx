import 'graphiql/setup-workers/vite'

import { explorerPlugin } from '@graphiql/plugin-explorer'
import { GraphiQL } from 'graphiql'
import { createRoot } from 'react-dom/client'

import '@graphiql/react/style.css'
import '@graphiql/plugin-doc-explorer/style.css'
import '@graphiql/plugin-explorer/style.css'
import 'graphiql/graphiql.css'
import './playground.css'

import { examples } from './examples.js'
import { fetcher } from './fetcher.js'
import { readLink } from './link.js'
import { Session } from './session.jsx'
import { rememberAsLastEdited, storage } from './storage.js'
import { tokenPlugin } from './token.jsx'

// No history plugin: it would keep request headers, and so tokens, in localStorage.
const plugins = [explorerPlugin(), tokenPlugin]

const link = readLink()

rememberAsLastEdited(examples[0])

createRoot(document.getElementById('root')).render(
  <GraphiQL
    fetcher={fetcher}
    storage={storage}
    defaultTabs={link ? [link, ...examples] : examples}
    initialQuery={link?.query}
    initialVariables={link?.variables}
    plugins={plugins}
    schemaDescription
    inputValueDeprecation
  >
    <GraphiQL.Logo>Invite gateway</GraphiQL.Logo>
    <Session link={link} />
  </GraphiQL>,
)
