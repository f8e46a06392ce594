import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

import './styles/base.css'
import './styles/parts.css'
import './styles/list.css'
import './styles/operation.css'
import './styles/overview.css'

import { router } from './app/router'
import { SessionProvider } from './app/session'

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <SessionProvider>
        <RouterProvider router={router} />
      </SessionProvider>
    </StrictMode>,
  )
}
