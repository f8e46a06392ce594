import 'graphiql/setup-workers/vite'

import { explorerPlugin } from '@graphiql/plugin-explorer'
import { GraphiQL } from 'graphiql'
import { createRoot } from 'react-dom/client'

import '@graphiql/react/style.css'
import '@graphiql/plugin-doc-explorer/style.css'
import '@graphiql/plugin-explorer/style.css'
import 'graphiql/graphiql.css'
import './playground.css'

import { examples } from './examples'
import { fetcher } from './fetcher'
import { readLink } from './link'
import { Session } from './session'
import { rememberAsLastEdited, storage } from './storage'
import { tokenPlugin } from './token'

// No history plugin: it would keep request headers, and so tokens, in localStorage.
const plugins = [explorerPlugin(), tokenPlugin]

const link = readLink()

if (examples[0]) rememberAsLastEdited(examples[0])

createRoot(document.getElementById('root') as HTMLElement).render(
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
    <GraphiQL.Logo>
      <a className="graphiql-logo-link" href="/">
        Invite gateway
      </a>
    </GraphiQL.Logo>
    <Session link={link} />
  </GraphiQL>,
)
